"""`python -m deploy.running`: print the runs that go on while everything else is down, and the way to end them.

A run is no part of the stack: its launcher has a session of its own, so that a roll-out outlives the tool that started
it. The next ./deploy/up continues to store its output.

This module uses the standard library only, for the reason that deploy/takeover.py gives.
"""

import json
import sys
from pathlib import Path

from deploy.takeover import ROOT, Process


def running(root: Path) -> dict[str, int]:
    """Return the pids of the running launchers by the id of their run."""
    found = {}
    for file in sorted((root / "var" / "runs").glob("*/launcher.json")):
        try:
            written = json.loads(file.read_text())
            launcher = Process(int(written["pid"]), int(written["start"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if written.get("boot") == boot() and launcher.alive():
            found[file.parent.name] = launcher.pid
    return found


def boot() -> str:
    """Return the id of the host's present boot: pids and start times of an earlier boot mean nothing."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def main() -> None:
    pids = running(ROOT)
    if not pids:
        return
    many = "1 run goes on" if len(pids) == 1 else f"{len(pids)} runs go on"
    sys.stdout.write(
        f"{many}; the next ./deploy/up continues to store the output. To end them, each with its grace time:\n"
        f"  kill {' '.join(str(pid) for pid in pids.values())}\n"
    )


if __name__ == "__main__":
    main()
