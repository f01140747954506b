"""The files in which a process stores its metrics, mapped into its memory; `/metrics` sums them up.

The files are named by program (`interface_0`), not by pid as prometheus_client would name them. So a restarted process
continues the counts of the one before, even after a crash, and the folder does not grow with restarts. Each running
process holds a lock on a file of its name; gauges of the others are not shown.
"""

import fcntl
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from proj.metrics.prometheus_internals import (
    FILE_PREFIXES,
    GAUGE_PREFIX,
    HEADER_BYTES,
    store_in_files,
    stored_keys,
)

logger = logging.getLogger(__name__)

METRICS_FILE_BYTES = 65536  # all metrics with all their labels take less than half
MAX_PROCESSES_PER_PROGRAM = 20  # at a time
LOCK_RETRY_SECONDS = 0.02  # a reader holds the lock for a moment, see _is_running()

_locks: list[IO[bytes]] = []  # open until the process ends


def begin(folder: Path, program: str) -> str:
    """Store the metrics of this process in `folder`; call it before the first metric is made.

    Return the name of the files: the program's, with a number after it while another process uses that name. Where no
    file can be written the process continues without visible metrics, and the name is empty.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = _claim_name(folder, program.replace("/", "-"))
        for prefix in FILE_PREFIXES:
            _prepare(folder / f"{prefix}_{name}.db", reset=prefix == GAUGE_PREFIX)
    except OSError as error:
        logger.warning("cannot store metrics in %s: %s", folder, error)
        return ""
    store_in_files(folder, name)
    return name


def files(folder: Path) -> Iterator[Path]:
    """Yield the files to sum up: all counters and histograms, and the gauges of running processes."""
    gauges = f"{GAUGE_PREFIX}_"
    for file in sorted(folder.glob("*.db")):
        if not file.name.startswith(gauges) or _is_running(folder, file.stem.removeprefix(gauges)):
            yield file


def is_readable(file: Path) -> bool:
    """Return whether the whole file can be read; a power loss may leave a damaged file."""
    try:
        with file.open("rb") as opened:
            used = int.from_bytes(opened.read(4), sys.byteorder, signed=True)
            if not (used == 0 or HEADER_BYTES <= used <= os.fstat(opened.fileno()).st_size):
                return False
        for number, key in enumerate(stored_keys(file)):
            if len(json.loads(key)) != 4 or number > used / HEADER_BYTES:  # damaged offsets may even form a loop
                return False
    except Exception:  # of any kind: prometheus_client does not expect damaged files
        return False
    return True


def _claim_name(folder: Path, program: str) -> str:
    """Lock the first free name and return it. Raise BlockingIOError when there is none."""
    for name in [program, *(f"{program}.{number}" for number in range(1, MAX_PROCESSES_PER_PROGRAM))]:
        lock = (folder / f"{name}.lock").open("ab")
        for pause in (LOCK_RETRY_SECONDS, 0.0):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(pause)
            else:
                _locks.append(lock)
                return name
        lock.close()
    raise BlockingIOError(f"{MAX_PROCESSES_PER_PROGRAM} processes run under the name {program}")


def _is_running(folder: Path, name: str) -> bool:
    try:
        with (folder / f"{name}.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _prepare(file: Path, *, reset: bool) -> None:
    """Make a file with all its blocks allocated: writing to a mapped hole on a full disk would kill the process."""
    if not reset and file.exists():
        if is_readable(file):
            return
        logger.warning("cannot read %s: its counts begin at 0 again", file)
    unfinished = file.with_suffix(".new")
    with unfinished.open("wb") as new:
        os.posix_fallocate(new.fileno(), 0, METRICS_FILE_BYTES)
    unfinished.replace(file)  # atomic, for concurrent readers
