"""Finds things in a run's whole output: a text, and where a group of lines ends."""

import re
from dataclasses import dataclass, field
from itertools import chain

from proj.runs.models import Run
from proj.runs.output import reading, utf8
from proj.runs.output.reading import LONGEST_LINE
from proj.text import ansi

MOST = 10_000  # lines that are found
LONGEST_MARK = 16  # bytes at the beginning of a line in which it says that a group begins or ends

_END = re.compile(rb"^::(endgroup|group )", re.MULTILINE)


@dataclass(slots=True)
class Found:
    """The numbers of lines that hold a text; `more`: there are others behind them."""

    numbers: list[int] = field(default_factory=list)
    more: bool = False


def find(run: Run, wanted: str, most: int = MOST) -> Found:
    """The lines with this text in them, whatever its case; colours do not matter. One pass over all of the output, of
    lines as much as output.lines() gives."""
    found = Found()
    needle, number, rest = wanted.lower(), 1, b""
    for piece in chain(reading.stream(run), [b"\n"]):
        whole, newline, rest = (rest + piece).rpartition(b"\n")
        rest = rest[:LONGEST_LINE]
        if not newline:
            continue
        text = ansi.plain_lines(utf8.text(whole)).lower()
        line, counted, at = number, 0, text.find(needle)
        while at >= 0:
            if len(found.numbers) == most:
                found.more = True
                return found
            line, counted = line + text.count("\n", counted, at), at
            found.numbers.append(line)
            end = text.find("\n", at)
            at = text.find(needle, end) if end >= 0 else -1
        number += whole.count(b"\n") + 1
    return found


def group_end(run: Run, line: int) -> int | None:
    """The last line of the group that begins in that line: its `::endgroup`, or what comes before the next group. None
    when there is no end yet. One pass over what follows."""
    number, rest = line + 1, b""
    for next_line in reading.lines(run, number, 1):
        for piece in reading.pieces(run, next_line.offset):
            text = rest + piece
            if found := _END.search(text):
                number += text.count(b"\n", 0, found.start())
                return number if found[1] == b"endgroup" else number - 1
            end = text.rfind(b"\n") + 1
            number, rest = number + text.count(b"\n", 0, end), text[end:][:LONGEST_MARK]
    return None
