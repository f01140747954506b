"""`python -m deploy.takeover NAME...`: end what a killed supervisord, or a killed master, left behind in this checkout.

A process is ours when its working directory is this checkout and it is the one that wrote `var/run/NAME.pid` (same pid,
same start time) or still has that file open, which its children inherit: nginx's workers outlive a killed master and
hold the port. A pid alone proves nothing: numbers are used again, and files are copied and restored.

Standard library only, and only /proc: it runs in front of every process.
"""

import argparse
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 20.0  # seconds between TERM and KILL, as in supervisord.conf


@dataclass(frozen=True)
class Process:
    """One process for all its life: `start` is its start time in clock ticks since boot."""

    pid: int
    start: int

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        """The process that has this pid now, or None when there is none or it is a zombie."""
        fields = stat(pid)
        if not fields or fields[0] in ("Z", "X"):
            return None
        return cls(pid, int(fields[19]))

    def alive(self) -> bool:
        return Process.of(self.pid) == self

    def kill(self, number: signal.Signals) -> None:
        """Signal this very process: a pid file descriptor cannot come to mean another one in between."""
        try:
            handle = os.pidfd_open(self.pid)
        except OSError:
            return  # it is gone
        try:
            if self.alive():
                signal.pidfd_send_signal(handle, number)
        except (ProcessLookupError, PermissionError):
            pass
        finally:
            os.close(handle)


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third (state) on, as proc(5) numbers them; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def link(path: str) -> str:
    """Where a link of /proc leads; nothing when it is gone or not ours to read."""
    try:
        return os.readlink(path)  # noqa: PTH115 - quick: there are thousands of them
    except OSError:
        return ""


def pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def opened(pid: int) -> list[str]:
    """What each descriptor of a process leads to, as far as we may look."""
    folder = f"/proc/{pid}/fd"
    try:
        return [link(f"{folder}/{number}") for number in os.listdir(folder)]  # noqa: PTH208 - as above
    except OSError:
        return []


def written(file: Path) -> Process | None:
    """What a pid file says, or None when it says nothing usable."""
    try:
        pid, start = file.read_text().split()
        return Process(int(pid), int(start))
    except (OSError, ValueError):
        return None


def ours(root: Path, name: str) -> list[Process]:
    """The processes of this checkout that hold, or once wrote, the pid file of `name`."""
    file = root / "var" / "run" / f"{name}.pid"
    leader = written(file)
    found = []
    for pid in pids():
        if pid == os.getpid() or link(f"/proc/{pid}/cwd") != str(root):
            continue
        process = Process.of(pid)
        if process and (process == leader or str(file) in opened(pid)):
            found.append(process)
    return found


def supervisor(root: Path) -> int:
    """The pid of this checkout's living supervisord, or 0."""
    try:
        pid = int((root / "var" / "run" / "supervisord.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return 0
    return pid if b"supervisord" in command else 0


def end(processes: list[Process], patience: float = PATIENCE) -> list[Process]:
    """TERM, wait up to `patience` seconds, KILL. Returns those that are still there."""
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        for process in processes:
            process.kill(number)
        limit = time.monotonic() + seconds
        while processes and time.monotonic() < limit:
            time.sleep(0.05)
            processes = [process for process in processes if process.alive()]
    return processes


def names(root: Path) -> list[str]:
    """Every program that has written a pid file here."""
    return sorted(file.stem for file in (root / "var" / "run").glob("*.pid") if file.stem != "supervisord")


def take_over(root: Path, name: str, patience: float = PATIENCE) -> str:
    """End the orphans of `name`. Returns a sentence when the name cannot be taken, else nothing."""
    found = ours(root, name)
    leader = written(root / "var" / "run" / f"{name}.pid")
    boss = supervisor(root)
    for process in found:
        fields = stat(process.pid)
        # No orphan: it runs where it should. Somebody started the script by hand, beside the real one.
        if process == leader and boss and fields and int(fields[1]) == boss:
            return f"{name} runs already under supervisord (pid {process.pid}); use: supervisorctl restart"
    if found:
        pids = ", ".join(str(process.pid) for process in found)
        print(f"signalbox: ending what was left behind of {name}: {pids}", file=sys.stderr, flush=True)  # noqa: T201
    left = end(found, patience)
    return f"{name} cannot start: process {left[0].pid} of an earlier start does not end" if left else ""


def main() -> None:
    parser = argparse.ArgumentParser(description="End what was left behind of these programs of this checkout.")
    parser.add_argument("name", nargs="*")
    parser.add_argument("--all", action="store_true", help="of every program that has run here")
    options = parser.parse_args()
    for name in names(ROOT) if options.all else options.name:
        sentence = take_over(ROOT, name)
        if sentence:
            sys.exit(f"signalbox: {sentence}")


if __name__ == "__main__":
    main()
