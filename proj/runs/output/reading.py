"""Reads the output of runs: by byte, by line, or all of it; from the chunks, or from the archive once there is one."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.models import F

from proj.runs.models import CHUNK, Archive, Chunk, Run
from proj.runs.output import archive
from proj.runs.output.decoding import complete

MAX_LINE_BYTES = 64 * 1024  # of a line that lines() returns
READ_CHUNKS = 16  # at once


class Line(NamedTuple):
    """One line: its number from 1, the bytes before it, and its bytes without the newline (at most MAX_LINE_BYTES)."""

    number: int
    offset: int
    data: bytes


def after(run: Run, offset: int, limit: int) -> tuple[bytes, int]:
    """Return at most `limit` bytes (4 or more) from `offset` on, never cut inside a character, and the offset behind
    them. The bytes are empty when there is no more output yet."""
    data = b""
    for piece in pieces(run, offset, offset + limit):
        data += piece
        if len(data) > limit:
            data = data[:limit]
            data = data[: complete(data, run.service.encoding)]
            break
        if len(data) == limit:
            break
    return data, offset + len(data)


def place(run: Run, offset: int) -> tuple[int, int]:
    """Return a position at or before `offset` with a known line: its offset, and the number of the line there."""
    kept = Archive.objects.filter(run=run).first()
    if kept is not None:
        return archive.before_byte(kept, offset)
    chunk = Chunk.objects.filter(run=run, offset__lte=offset).order_by("-offset").only("offset", "line").first()
    if chunk is None and Archive.objects.filter(run=run).exists():  # archived in between
        return place(run, offset)
    return (chunk.offset, chunk.line) if chunk else (0, 1)


def lines(run: Run, first: int, count: int) -> list[Line]:
    """Return at most `count` lines from number `first` (from 1) on; fewer when the run has not printed more."""
    offset, number = _before_line(run, first)
    found: list[Line] = []
    begun, length, held = offset, 0, b""
    for piece in pieces(run, offset):
        parts = piece.split(b"\n")
        for place, part in enumerate(parts):
            held += part[: MAX_LINE_BYTES - len(held)]
            length += len(part)
            if place == len(parts) - 1:
                continue
            if number >= first:
                found.append(Line(number, begun, held))
                if len(found) == count:
                    return found
            begun, number, length, held = begun + length + 1, number + 1, 0, b""
    if length and number >= first:
        found.append(Line(number, begun, held))
    return found


def ends(runs: Sequence[Run], size: int) -> dict[UUID, bytes]:
    """Return the last `size` bytes, or a little more, of each of these runs, with one query of the chunks for all."""
    found: dict[UUID, bytes] = defaultdict(bytes)
    near = F("run__bytes") - size - CHUNK
    for chunk in Chunk.objects.filter(run__in=runs, offset__gte=near).order_by("run", "seq"):
        found[chunk.run_id] += chunk.output
    for kept in Archive.objects.filter(run__in=[run.pk for run in runs if run.pk not in found]):
        found[kept.run_id] = b"".join(archive.pieces(kept, max(0, kept.length - size)))
    return found


def stream(run: Run) -> Iterator[bytes]:
    """Yield the whole output, byte for byte, in pieces."""
    return pieces(run, 0)


def pieces(run: Run, offset: int, until: int | None = None) -> Iterator[bytes]:
    """Yield the output from `offset` on, as far as it is stored, in pieces that end where characters do.

    Chunks that begin at `until` or behind it are not read.
    """
    while until is None or offset < until:
        kept = Archive.objects.filter(run=run).first()
        if kept is not None:
            yield from archive.pieces(kept, offset)
            return
        begun = offset
        for chunk in _chunks_from(run, offset, until):
            if chunk.offset > offset:
                break  # the chunks before this one were archived meanwhile
            data = chunk.output[offset - chunk.offset :]
            offset += len(data)
            if data:
                yield data
        # Where no chunk was found they may have been archived in between.
        if offset == begun and not Archive.objects.filter(run=run).exists():
            return


def _chunks_from(run: Run, offset: int, until: int | None) -> list[Chunk]:
    """Return the chunk that holds the byte at `offset` and the next ones; none when no chunk holds it."""
    mine = Chunk.objects.filter(run=run)
    holder = mine.filter(offset__lte=offset).order_by("-offset").only("seq").first()
    if until is not None:
        mine = mine.filter(offset__lt=until)
    return list(mine.filter(seq__gte=holder.seq).order_by("seq")[:READ_CHUNKS]) if holder else []


def _before_line(run: Run, line: int) -> tuple[int, int]:
    """Return a position before the beginning of that line: an offset, and the number of the line there."""
    kept = Archive.objects.filter(run=run).first()
    if kept is not None:
        return archive.before_line(kept, line)
    # The newline before the line is in the last chunk that begins in an earlier line. The bytes before the first
    # newline of that chunk belong to an earlier line.
    chunk = Chunk.objects.filter(run=run, line__lt=line).order_by("-line", "-seq").only("offset", "line").first()
    return (chunk.offset, chunk.line) if chunk else (0, 1)
