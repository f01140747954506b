"""CPU and memory of processes, from the kernel's own accounts."""

import contextlib
import os
import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

CLOCK_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
CPU_CLOCK = 2  # CPUCLOCK_SCHED of the kernel's posix-timers.h


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third (state) on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def family(pid: int) -> Iterator[int]:
    """Yield the pids of a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    waiting = [pid]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += children.get(found, [])


class Processes:
    """The processes of one system with all descendants, in groups by name."""

    def __init__(self, groups: Mapping[str, Sequence[int]]) -> None:
        self._groups = {name: [one for pid in pids for one in family(pid)] for name, pids in groups.items()}

    def cpu(self) -> dict[str, float]:
        """Return the seconds of CPU, user and system, of each group so far."""
        return {name: sum(map(_cpu, pids)) for name, pids in self._groups.items()}

    def memory(self) -> dict[str, int]:
        """Return the bytes of memory of each group: the proportional set size, in which a shared page counts once."""
        return {name: sum(map(_memory, pids)) for name, pids in self._groups.items()}


def _cpu(pid: int) -> float:
    try:
        # A process's own CPU clock counts nanoseconds; the times in /proc/PID/stat count ticks of 10 ms.
        own = time.clock_gettime(~pid << 3 | CPU_CLOCK)
        fields = _stat(pid)
    except OSError:
        return 0.0
    return own + (int(fields[13]) + int(fields[14])) / CLOCK_TICKS_PER_SECOND  # and its children's that have ended


def _memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def own_cpu() -> float:
    """Return the seconds of CPU that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def machine_cpu() -> float:
    """Return the seconds of CPU that all processes of this machine have used."""
    with Path("/proc/stat").open() as file:
        values = [int(value) for value in file.readline().split()[1:9]]
    return (sum(values) - values[3] - values[4]) / CLOCK_TICKS_PER_SECOND
