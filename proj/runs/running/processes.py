"""Processes of this host, told apart for certain: by pid, start time and boot."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path


@cache
def boot() -> str:
    """The id of the host's present boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_of(pid: int) -> int | None:
    """When the process with this pid was started, in clock ticks since boot; None when there is none alive."""
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def alive(pid: int, start: int) -> bool:
    """Whether that very process, of the present boot, is alive."""
    return start_of(pid) == start


def members(group: int, session: int) -> Iterator[int]:
    """The pids of those who are alive in this process group of this session."""
    for pid in (int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdecimal()):
        fields = _stat(pid)
        if fields and (int(fields[2]), int(fields[3])) == (group, session):
            yield pid


def began_with(pid: int, variable: str) -> bool:
    """Whether that process was begun with `NAME=value` in its environment; no when that may not be read."""
    try:
        return variable.encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third (state) on, as proc(5) numbers them; empty when it is not alive."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
    return [] if fields[0] in ("Z", "X") else fields
