"""`python -m deploy.running`: say which runs go on while everything else is down, and how to end them.

A run is no part of the stack: its launcher has a session of its own, so that a roll-out outlives the tool that started
it. The next ./deploy/up takes it up again where its output was left.

Standard library only, as in deploy/takeover.py.
"""

import json
import sys
from pathlib import Path

from deploy.takeover import ROOT, Process


def running(root: Path) -> dict[str, int]:
    """The pids of the launchers that are alive, by the id of their run."""
    found = {}
    for file in sorted((root / "var" / "runs").glob("*/launcher.json")):
        try:
            said = json.loads(file.read_text())
            launcher = Process(int(said["pid"]), int(said["start"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if said.get("boot") == boot() and launcher.alive():
            found[file.parent.name] = launcher.pid
    return found


def boot() -> str:
    """The id of the host's present boot: pids and start times of another one mean nothing."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def main() -> None:
    pids = running(ROOT)
    if not pids:
        return
    many = "1 run goes on" if len(pids) == 1 else f"{len(pids)} runs go on"
    sys.stdout.write(
        f"{many}; the next ./deploy/up takes up their output. To end them, each with its grace time:\n"
        f"  kill {' '.join(str(pid) for pid in pids.values())}\n"
    )


if __name__ == "__main__":
    main()
