"""Processes of this host, identified exactly: by pid, start time and boot.

This is the only module that touches a private attribute of psutil (tested with 7.2): `Process._proc`, for the start
time since boot. The public `create_time()` adds the time of the boot by the wall clock, which changes with every
correction of that clock. psutil is imported where it is used: every interface process and worker loads this module,
only the run workers and the clock use it, and it takes 0.9 MB.
"""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path


@cache
def boot() -> str:
    """Return the id of the host's present boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_of(pid: int) -> int | None:
    """Return when the process was started, in clock ticks since boot; None when no process with this pid is alive."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
        seconds: float = process._proc.create_time(monotonic=True)  # type: ignore[attr-defined]
    except psutil.Error:
        return None
    return round(seconds * os.sysconf("SC_CLK_TCK"))


def alive(pid: int, start: int) -> bool:
    """Return whether the process of the present boot with this pid and this start time is alive."""
    return start_of(pid) == start


def members(group: int, session: int) -> Iterator[int]:
    """Yield the pids of the living processes in this process group of this session."""
    import psutil

    for pid in psutil.pids():
        try:
            found = os.getpgid(pid) == group and os.getsid(pid) == session
        except ProcessLookupError:  # it has ended since
            continue
        if found and start_of(pid) is not None:
            yield pid


def started_with(pid: int, name: str, value: str) -> bool:
    """Return whether the process was started with this variable in its environment; False when that is not readable."""
    import psutil

    try:
        return psutil.Process(pid).environ().get(name) == value
    except psutil.Error:
        return False
