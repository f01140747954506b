"""Searches a run's whole output: for a text, and for the end of a group of lines."""

import re
from dataclasses import dataclass, field
from itertools import chain

from proj.runs.models import Run
from proj.runs.output import decoding, reading, rendering
from proj.runs.output.reading import MAX_LINE_BYTES
from proj.text import ansi, sequences
from proj.text.cells import is_special, settled
from proj.text.pen import Pen
from proj.text.screen import SCREEN_ROWS, goes_up

MAX_FOUND_LINES = 10_000
BLOCK_LINES = 200  # that are shown at once, where output goes back to earlier lines
MAX_BLOCKS = 100
MAX_MOVED_CHARACTERS = 8_000_000  # with movements; further output is searched as it was printed, without sequences
MAX_BLOCK_CHARACTERS = 1_000_000
MAX_MARK_BYTES = 16  # at the beginning of a line, enough to hold `::endgroup` or `::group `

_END = re.compile(rb"^::(endgroup|group )", re.MULTILINE)


@dataclass(slots=True)
class Found:
    """The numbers of the lines that hold a text; `more`: there are further ones."""

    numbers: list[int] = field(default_factory=list)
    more: bool = False


def find(run: Run, wanted: str, limit: int = MAX_FOUND_LINES) -> Found:
    """Return the lines that show this text, in any case and any colours. One pass over the whole output; of a long
    line it searches as much as reading.lines() returns."""
    found = Found()
    needle, number, rest, redrawn, moved = wanted.lower(), 1, b"", False, 0
    for piece in chain(reading.stream(run), [b"\n"]):
        whole, newline, rest = (rest + piece).rpartition(b"\n")
        rest = rest[:MAX_LINE_BYTES]
        if not newline:
            continue
        output = decoding.text(whole, run.service.encoding)
        redrawn = redrawn or goes_up(output)
        moved += len(output) if sequences.moves(output.replace("\r\n", "\n")) else 0
        text = (_shown(output) if moved <= MAX_MOVED_CHARACTERS else ansi.plain(output)).lower()
        line, counted, at = number, 0, text.find(needle)
        while at >= 0:
            if len(found.numbers) == limit:
                found.more = True
                return found
            line, counted = line + text.count("\n", counted, at), at
            found.numbers.append(line)
            end = text.find("\n", at)
            at = text.find(needle, end) if end >= 0 else -1
        number += whole.count(b"\n") + 1
    return Found(_in_rows(run, needle, found.numbers)) if redrawn else found


def _in_rows(run: Run, needle: str, lines: list[int]) -> list[int]:
    """Return the lines around these that show the text, in output that goes back to earlier lines: a line may show the
    text of a later one, or not be shown. Of more than MAX_BLOCKS blocks, the further lines stay as they are."""
    near = {(line + by - 1) // BLOCK_LINES for line in lines for by in (-SCREEN_ROWS, 0, SCREEN_ROWS)}
    blocks = sorted(block for block in near if block >= 0)[:MAX_BLOCKS]
    numbers: list[int] = []
    for block in blocks:
        first = block * BLOCK_LINES + 1
        shown = rendering.texts(run, first, BLOCK_LINES, MAX_BLOCK_CHARACTERS)
        numbers += [first + n for n, text in enumerate(shown) if text and needle in ansi.plain(text).lower()]
    return numbers + [line for line in lines if blocks and line > (blocks[-1] + 1) * BLOCK_LINES]


def _shown(text: str) -> str:
    """Return these lines as a viewer shows them, without colours."""
    if "\b" in text or "\r" in text.replace("\r\n", "\n") or sequences.moves(text):
        text = "\n".join([settled(line, Pen()) if is_special(line) else line for line in text.split("\n")])
    return ansi.plain(text)


def group_end(run: Run, line: int) -> int | None:
    """Return the last line of the group that begins in that line: its `::endgroup`, or the line before the next group.
    None when the group has no end yet. One pass over the output from there on."""
    number, rest = line + 1, b""
    for next_line in reading.lines(run, number, 1):
        for piece in reading.pieces(run, next_line.offset):
            text = rest + piece
            if found := _END.search(text):
                number += text.count(b"\n", 0, found.start())
                return number if found[1] == b"endgroup" else number - 1
            end = text.rfind(b"\n") + 1
            number, rest = number + text.count(b"\n", 0, end), text[end:][:MAX_MARK_BYTES]
    return None
