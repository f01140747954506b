"""Lines of output as people see them.

Each line stands for itself: its colours end with it. A carriage return begins the line anew; colours (SGR) stay, and
all other sequences and control characters go (proj/text/ansi.py). static/runs/output/line.js does the same, and a test
compares the two.
"""

import re
from dataclasses import dataclass
from html import escape

from proj.runs.models import Run
from proj.runs.output import reading, utf8
from proj.runs.states import ACTIVE
from proj.text import ansi

TAIL_LINES = 200  # that a run's page begins with
MAX_LINE_CHARACTERS = 8_000  # that are shown; the raw log has all
MAX_COLOURS = 50  # sequences before a carriage return that still colour the line

MARK = re.compile(r"::(group|endgroup|progress)(?: (.*))?")

# The same rules for the browser (static/runs/output/line.js).
BROWSER_RULES = {"maxCharacters": MAX_LINE_CHARACTERS, "maxColours": MAX_COLOURS, "mark": MARK.pattern}


@dataclass(frozen=True, slots=True)
class Line:
    """A line on a page. `kind` is group, endgroup or progress for a line that is such a mark, else empty."""

    number: int
    text: str

    @property
    def kind(self) -> str:
        found = MARK.fullmatch(self.text)
        return found[1] if found else ""

    @property
    def html(self) -> str:
        found = MARK.fullmatch(self.text)
        return escape(found[2] or "") if found else html(self.text)


@dataclass(frozen=True, slots=True)
class Tail:
    """The last lines of a run. A viewer goes on at `offset` bytes of the output: while the run is active that is the
    beginning of the last line, which may be unfinished."""

    first: int
    lines: list[Line]
    offset: int


def tail(run: Run) -> Tail:
    """Return the last lines of the run's output."""
    found = reading.lines(run, max(1, run.lines - TAIL_LINES + 2), TAIL_LINES)
    lines = [Line(one.number, text(one.data)) for one in found]
    first = found[0].number if found else 1
    return Tail(first, lines, found[-1].offset if found and run.state in ACTIVE else run.bytes if found else 0)


def text(data: bytes) -> str:
    """Return a line's bytes as text: the part behind the last carriage return in the line, up to a limit."""
    line = utf8.text(data).rstrip("\r")
    before, turned, last = line.rpartition("\r")
    if turned:
        line = "".join(ansi.colours(before)[-MAX_COLOURS:]) + last
    return line if len(line) <= MAX_LINE_CHARACTERS else line[:MAX_LINE_CHARACTERS] + "…"


def html(text: str) -> str:
    """Return a line's text as HTML: escaped, coloured, harmless."""
    return ansi.spans(ansi.harmless(text))


def plain(text: str) -> str:
    """Return a line's text without its colours, harmless."""
    return ansi.plain(ansi.harmless(text))
