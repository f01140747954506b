"""Print the output of a roll-out: colours, progress in two ways, a group. Waits for a file before it ends."""

import sys
import time
from pathlib import Path

version, gate = sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None
print(f"\x1b[1mRolling out {version}\x1b[0m")
print("::progress 40 Unpacking")
print("::group Unpacking")
for n in range(5):
    print(f"  \x1b[33mmodule {n}\x1b[0m")
print("::endgroup")
for percent in range(0, 101, 10):
    print(f"\rcopied {percent} %", end="")
print()
print("\x1b[32mhealthy\x1b[0m")
while gate and not gate.exists():
    time.sleep(0.05)
print("::progress 100 Done")
print("done")
