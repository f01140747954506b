"""A run's output when it has ended: one stored file of gzip members, each readable by itself, and an index of them.

`zcat` reads the file whole; any byte or line is found by unpacking one member. The index is a list of [byte offset,
number of the line that the first byte is in, place in the file], and ends with an entry for what would come next.
"""

import contextlib
import gzip
import os
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from proj.runs.models import Archive, Chunk, Run

MEMBER = 256 * 1024  # bytes of output in a member, about
LEVEL = 6  # of compression
PORTION = 64  # chunks read or deleted at once

Index = list[list[int]]


def keep(run: Run) -> None:
    """Archive the output of an ended run, and let its chunks go. May be called again after any interruption."""
    if Chunk.objects.filter(run=run).exists() and not Archive.objects.filter(run=run).exists():
        _store(run, f"runs/{run.created_at:%Y/%m}/{run.pk}.log.gz")
    while ids := list(Chunk.objects.filter(run=run).values_list("pk", flat=True)[:PORTION]):
        Chunk.objects.filter(pk__in=ids).delete()


def _store(run: Run, wanted: str) -> None:
    with tempfile.TemporaryFile() as packed:
        index = pack(_chunks(run), packed)
        packed.seek(0)
        name = default_storage.save(wanted, File(packed))  # under another name when there is such a file
    _sync(name)
    values = {"file": name, "size": index[-1][2], "index": index}
    if not Archive.objects.get_or_create(run=run, defaults=values)[1]:
        default_storage.delete(name)  # another worker was quicker
    elif name != wanted:
        default_storage.delete(wanted)  # a try that was cut short left it


def forget(run: Run) -> None:
    """Delete an ended run with all that is kept of it."""
    kept = Archive.objects.filter(run=run).first()
    with transaction.atomic():
        Run.objects.filter(pk=run.pk).ended().delete()
    if kept is not None:
        default_storage.delete(kept.file)


def pack(pieces: Iterable[bytes], file: IO[bytes]) -> Index:
    """Write pieces of output to `file` in members; return the index. A member ends where a piece does."""
    index: Index = []
    offset, line, place = 0, 1, 0
    held: list[bytes] = []
    size = 0

    def write() -> None:
        nonlocal offset, line, place, size
        data = b"".join(held)
        index.append([offset, line, place])
        place += file.write(gzip.compress(data, LEVEL, mtime=0))
        offset, line = offset + len(data), line + data.count(b"\n")
        held.clear()
        size = 0

    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= MEMBER:
            write()
    if held:
        write()
    index.append([offset, line, place])
    return index


def pieces(kept: Archive, offset: int) -> Iterator[bytes]:
    """What follows the first `offset` bytes, one piece a member."""
    index: Index = kept.index
    begin = max(0, bisect_right(index, offset, key=lambda entry: entry[0]) - 1)
    with default_storage.open(kept.file) as file:
        for (first, _, place), (_, _, end) in zip(index[begin:], index[begin + 1 :], strict=False):
            file.seek(place)
            data = gzip.decompress(file.read(end - place))[max(0, offset - first) :]
            if data:
                yield data


def before_byte(kept: Archive, offset: int) -> tuple[int, int]:
    """Where the member begins that holds the byte at `offset`: its offset, and the number of the line it begins in."""
    index: Index = kept.index
    first, number, _ = index[max(0, bisect_right(index[:-1], offset, key=lambda entry: entry[0]) - 1)]
    return first, number


def before_line(kept: Archive, line: int) -> tuple[int, int]:
    """Where the member begins in which that line begins: its offset, and the number of the line it begins in."""
    index: Index = kept.index
    offset, number, _ = index[max(0, bisect_left(index, line, key=lambda entry: entry[1]) - 1)]
    return offset, number


def _chunks(run: Run) -> Iterator[bytes]:
    seq = 0
    while found := list(Chunk.objects.filter(run=run, seq__gt=seq).order_by("seq")[:PORTION]):
        for chunk in found:
            yield bytes(chunk.data)
        seq = found[-1].seq


def _sync(name: str) -> None:
    """Have a local file and its folder on the disk, before the chunks go. Other storages see to that themselves."""
    with contextlib.suppress(NotImplementedError):
        path = Path(default_storage.path(name))
        for one in (path, path.parent):
            handle = os.open(one, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
