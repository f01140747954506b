"""Processes of this host, told apart for certain: by pid, start time and boot."""

from functools import cache
from pathlib import Path


@cache
def boot() -> str:
    """The id of the host's present boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_of(pid: int) -> int | None:
    """When the process with this pid was started, in clock ticks since boot; None when there is none alive."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else int(fields[19])


def alive(pid: int, start: int) -> bool:
    """Whether that very process, of the present boot, is alive."""
    return start_of(pid) == start
