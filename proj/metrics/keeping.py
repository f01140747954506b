"""Where a process keeps its metrics: in files of its own, mapped into its memory, which `/metrics` adds up.

The files are named by program (`interface_0`) and not by pid, as the library has it by itself. So a process that
starts again counts on where the last one ended, however that one ended, and the folder does not grow with restarts.
Whoever is alive holds a lock on a file of its name: gauges of the others are not shown.
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

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

logger = logging.getLogger(__name__)

KINDS = ("counter", "histogram", "gauge_livesum")  # what the library calls its files; livesum: of the living
GAUGES = "gauge_livesum_"
BYTES = 65536  # of one file; all metrics with all their labels take less than half
HEAD = 8  # bytes at its beginning, which say how much of it is used
NAMES = 20  # processes that may run under one name at a time

_locks: list[IO[bytes]] = []  # held until the process ends


def begin(folder: Path, program: str) -> str:
    """Keep the metrics of this process in `folder`; call it before the first metric is made.

    Returns the name under which it is done: the program's, or with a number after it while another process has that.
    Where files cannot be written the process runs on, with metrics that nobody sees, and this returns nothing.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = _claimed(folder, program.replace("/", "-"))
        for kind in KINDS:
            _prepare(folder / f"{kind}_{name}.db", anew=kind.startswith("gauge"))
    except OSError as error:
        logger.warning("there will be no metrics of this process: %s", error)
        return ""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: name)  # type: ignore[no-untyped-call]
    return name


def files(folder: Path) -> Iterator[Path]:
    """The files to add up: all counters and histograms, and the gauges of those who live."""
    for file in sorted(folder.glob("*.db")):
        if not file.name.startswith(GAUGES) or _lives(folder, file.stem.removeprefix(GAUGES)):
            yield file


def readable(file: Path) -> bool:
    """Whether the whole file can be read; a host that lost power may leave another."""
    try:
        with file.open("rb") as opened:
            used = int.from_bytes(opened.read(4), sys.byteorder, signed=True)
            if not (used == 0 or HEAD <= used <= os.fstat(opened.fileno()).st_size):
                return False
        entries = MmapedDict.read_all_values_from_file(str(file))  # type: ignore[no-untyped-call]
        for number, (key, *_) in enumerate(entries):
            if len(json.loads(key)) != 4 or number > used / HEAD:  # it may even lead round in circles
                return False
    except Exception:  # whatever the library makes of what is in it
        return False
    return True


def _claimed(folder: Path, program: str) -> str:
    """The first free name. Raises BlockingIOError when there is none."""
    for name in [program, *(f"{program}.{number}" for number in range(1, NAMES))]:
        lock = (folder / f"{name}.lock").open("ab")
        for pause in (0.02, 0.0):  # a reader tries the lock for a moment, see _lives()
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(pause)
            else:
                _locks.append(lock)
                return name
        lock.close()
    raise BlockingIOError(f"{NAMES} processes run under the name {program}")


def _lives(folder: Path, name: str) -> bool:
    try:
        with (folder / f"{name}.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _prepare(file: Path, *, anew: bool) -> None:
    """Make a file with all its blocks on the disk: writing to a mapped hole on a full disk would kill the process."""
    if not anew and file.exists():
        if readable(file):
            return
        logger.warning("%s cannot be read, and begins anew", file)
    unfinished = file.with_suffix(".new")
    with unfinished.open("wb") as new:
        os.posix_fallocate(new.fileno(), 0, BYTES)
    unfinished.replace(file)  # whoever reads meanwhile finds a whole file
