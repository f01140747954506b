"""The output of an ended run: one gzip file with parts that can be unpacked one by one, and an index of the parts.

`zcat` reads the file whole. So does a browser, which would stop at the end of a first gzip member: there is one member,
and the compressor is flushed after each part (Z_FULL_FLUSH), so that the file can be unpacked from there. The index is
a list of [byte offset, number of the line that the first byte is in, position in the file], with one more entry for the
end of the output.
"""

import contextlib
import os
import tempfile
import time
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from proj.runs import counting
from proj.runs.models import Archive, Chunk, Run

PART_BYTES = 256 * 1024  # of output, about
COMPRESSION_LEVEL = 6
GZIP, RAW_DEFLATE = 31, -15  # zlib's `wbits`: a stream with gzip's header and checksum, and one without any
ARCHIVED_CHUNKS = 64  # read at once
WRITEBACK_BYTES = 1 << 20  # that go to the disk at once
WRITEBACK_PAUSE_SECONDS = 0.01
DELETED_CHUNKS = 16  # in one transaction
MAX_DELETE_PAUSE_SECONDS = 0.1

Index = list[list[int]]


def keep(run: Run) -> None:
    """Archive the output of an ended run and delete its chunks. Harmless to repeat after any interruption."""
    if Chunk.objects.filter(run=run).exists() and not Archive.objects.filter(run=run).exists():
        _store(run, f"runs/{run.created_at:%Y/%m}/{run.pk}.log.gz")
    while ids := list(Chunk.objects.filter(run=run).values_list("pk", flat=True)[:DELETED_CHUNKS]):
        begun = time.monotonic()
        Chunk.objects.filter(pk__in=ids).delete()
        pause = min(MAX_DELETE_PAUSE_SECONDS, time.monotonic() - begun)
        time.sleep(pause)  # SQLite has one writer at a time: others get their turn


def _store(run: Run, wanted: str) -> None:
    with tempfile.TemporaryFile() as packed:
        index = pack(_chunks(run), packed)
        size = packed.tell()
        packed.seek(0)
        name = default_storage.save(wanted, File(packed))  # under another name when the file exists
    _sync(name)
    values = {"file": name, "size": size, "index": index}
    if not Archive.objects.get_or_create(run=run, defaults=values)[1]:
        default_storage.delete(name)  # another worker was quicker
    elif name != wanted:
        default_storage.delete(wanted)  # an interrupted attempt left it


def forget(run: Run) -> None:
    """Delete an ended run with its output."""
    kept = Archive.objects.filter(run=run).first()
    with transaction.atomic():
        counting.delete(run)
    if kept is not None:
        default_storage.delete(kept.file)


def pack(pieces: Iterable[bytes], file: IO[bytes]) -> Index:
    """Write pieces of output to `file` in parts; return the index. A part ends where a piece does."""
    packer = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, GZIP)
    place = file.write(packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH))
    index: Index = [[0, 1, place]]
    offset, line = 0, 1
    for piece in pieces:
        place += file.write(packer.compress(piece))
        offset, line = offset + len(piece), line + piece.count(b"\n")
        if offset - index[-1][0] >= PART_BYTES:
            place += file.write(packer.flush(zlib.Z_FULL_FLUSH))
            index.append([offset, line, place])
    if offset > index[-1][0]:
        place += file.write(packer.flush(zlib.Z_FULL_FLUSH))
        index.append([offset, line, place])
    file.write(packer.flush())
    return index


def pieces(kept: Archive, offset: int) -> Iterator[bytes]:
    """Yield the output from `offset` on, one piece for each part."""
    index: Index = kept.index
    begin = max(0, bisect_right(index, offset, key=lambda entry: entry[0]) - 1)
    with default_storage.open(kept.file) as file:
        for (first, _, place), (_, _, end) in zip(index[begin:], index[begin + 1 :], strict=False):
            file.seek(place)
            data = zlib.decompressobj(RAW_DEFLATE).decompress(file.read(end - place))[max(0, offset - first) :]
            if data:
                yield data


def before_byte(kept: Archive, offset: int) -> tuple[int, int]:
    """Return the beginning of the part that holds the byte at `offset`: its offset and the number of the line there."""
    index: Index = kept.index
    first, number, _ = index[max(0, bisect_right(index[:-1], offset, key=lambda entry: entry[0]) - 1)]
    return first, number


def before_line(kept: Archive, line: int) -> tuple[int, int]:
    """Return the beginning of the part in which that line begins: its offset, and the number of the line there."""
    index: Index = kept.index
    offset, number, _ = index[max(0, bisect_left(index, line, key=lambda entry: entry[1]) - 1)]
    return offset, number


def _chunks(run: Run) -> Iterator[bytes]:
    seq = 0
    while found := list(Chunk.objects.filter(run=run, seq__gt=seq).order_by("seq")[:ARCHIVED_CHUNKS]):
        for chunk in found:
            yield chunk.output
        seq = found[-1].seq


def _sync(name: str) -> None:
    """Sync a local file and its folder before the chunks are deleted. Other storages sync their files themselves."""
    with contextlib.suppress(NotImplementedError):
        path = Path(default_storage.path(name))
        with path.open("rb") as file:
            for place in range(0, path.stat().st_size, WRITEBACK_BYTES):  # all of it at once would hold up other syncs
                os.posix_fadvise(file.fileno(), place, WRITEBACK_BYTES, os.POSIX_FADV_DONTNEED)
                time.sleep(WRITEBACK_PAUSE_SECONDS)
            os.fsync(file.fileno())
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
