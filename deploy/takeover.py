"""`python -m deploy.takeover NAME...`: end the processes that a killed supervisord or master left in this checkout.

A process is ours when its working directory is this checkout and it is the one that wrote `var/run/NAME.pid` (same pid,
same start time) or still has that file open, which its children inherit: nginx's workers outlive a killed master and
hold the port. A pid alone proves nothing: pids are used again, and files are copied and restored.

This module uses the standard library and /proc only, not psutil: it runs before every process, where each import costs
a start; and in `./deploy/down` after a `git pull`, when .venv may still lack the packages of the new version.
"""

import argparse
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TERM_TIMEOUT_SECONDS = 20.0  # before KILL, as in supervisord.conf
KILL_TIMEOUT_SECONDS = 5.0
EXIT_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Process:
    """One process, identified for its whole life by pid and `start`, its start time in clock ticks since boot."""

    pid: int
    start: int

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        """Return the process that has this pid now, or None without one or for a zombie."""
        fields = stat(pid)
        if not fields or fields[0] in ("Z", "X"):
            return None
        return cls(pid, int(fields[19]))

    def alive(self) -> bool:
        return Process.of(self.pid) == self

    def kill(self, number: signal.Signals) -> None:
        """Signal exactly this process: a pid file descriptor never refers to a later process with the same pid."""
        try:
            handle = os.pidfd_open(self.pid)
        except OSError:
            return  # the process has ended
        try:
            if self.alive():
                signal.pidfd_send_signal(handle, number)
        except (ProcessLookupError, PermissionError):
            pass
        finally:
            os.close(handle)


def stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third (state) on, as in proc(5); none after the process's end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def link(path: str) -> str:
    """Return the target of a link in /proc, or "" when it is gone or may not be read."""
    try:
        return os.readlink(path)  # noqa: PTH115 - faster than pathlib, for thousands of links
    except OSError:
        return ""


def pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def opened(pid: int) -> list[str]:
    """Return the targets of a process's descriptors, as far as this user may read them."""
    folder = f"/proc/{pid}/fd"
    try:
        return [link(f"{folder}/{number}") for number in os.listdir(folder)]  # noqa: PTH208 - as above
    except OSError:
        return []


def written(file: Path) -> Process | None:
    """Return the process that a pid file names, or None when the file is missing or malformed."""
    try:
        pid, start = file.read_text().split()
        return Process(int(pid), int(start))
    except (OSError, ValueError):
        return None


def ours(root: Path, name: str) -> list[Process]:
    """Return the processes of this checkout that hold, or once wrote, the pid file of `name`."""
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
    """Return the pid of this checkout's running supervisord, or 0."""
    try:
        pid = int((root / "var" / "run" / "supervisord.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return 0
    return pid if b"supervisord" in command else 0


def end(processes: list[Process], term_timeout: float = TERM_TIMEOUT_SECONDS) -> list[Process]:
    """Send TERM, wait up to `term_timeout` seconds, send KILL. Return the processes that are still there."""
    for number, seconds in ((signal.SIGTERM, term_timeout), (signal.SIGKILL, KILL_TIMEOUT_SECONDS)):
        for process in processes:
            process.kill(number)
        limit = time.monotonic() + seconds
        while processes and time.monotonic() < limit:
            time.sleep(EXIT_POLL_SECONDS)
            processes = [process for process in processes if process.alive()]
    return processes


def names(root: Path) -> list[str]:
    """Return the programs that have written a pid file here."""
    return sorted(file.stem for file in (root / "var" / "run").glob("*.pid") if file.stem != "supervisord")


def take_over(root: Path, name: str, term_timeout: float = TERM_TIMEOUT_SECONDS) -> str:
    """End the orphans of `name`. Return a sentence when the name stays in use, else ""."""
    found = ours(root, name)
    leader = written(root / "var" / "run" / f"{name}.pid")
    boss = supervisor(root)
    for process in found:
        fields = stat(process.pid)
        # This is no orphan: it runs under supervisord, and the script was started by hand beside it.
        if process == leader and boss and fields and int(fields[1]) == boss:
            return f"{name} already runs under supervisord (pid {process.pid}); use: ./deploy/restart {name}"
    if found:
        pids = ", ".join(str(process.pid) for process in found)
        print(f"signalbox: ending processes left behind by {name}: {pids}", file=sys.stderr, flush=True)  # noqa: T201
    left = end(found, term_timeout)
    return f"{name} cannot start: process {left[0].pid} of an earlier start does not end" if left else ""


def main() -> None:
    parser = argparse.ArgumentParser(description="End the processes that these programs of this checkout left behind.")
    parser.add_argument("name", nargs="*")
    parser.add_argument("--all", action="store_true", help="of all programs that have run here")
    options = parser.parse_args()
    for name in names(ROOT) if options.all else options.name:
        sentence = take_over(ROOT, name)
        if sentence:
            sys.exit(f"signalbox: {sentence}")


if __name__ == "__main__":
    main()
