"""Lines of output as people see them: as a terminal shows them (proj/text/cells.py), without control characters.

static/runs/output/line.js does the same, and tests compare the two.
"""

import re
from dataclasses import dataclass
from html import escape

from proj.runs.models import Run
from proj.runs.output import decoding, reading
from proj.runs.states import ACTIVE
from proj.text import ansi
from proj.text.cells import settled
from proj.text.pen import Pen

TAIL_LINES = 200  # that a run's page begins with

MARK = re.compile(r"::(group|endgroup|progress)(?: (.*))?")

# The same rules for the browser (static/runs/output/line.js).
BROWSER_RULES = {"mark": MARK.pattern}


@dataclass(frozen=True, slots=True)
class Line:
    """A line on a page. `kind` is group, endgroup or progress for a line that is such a mark, else empty."""

    number: int
    text: str

    @property
    def kind(self) -> str:
        found = _mark(self.text)
        return found[1] if found else ""

    @property
    def html(self) -> str:
        found = _mark(self.text)
        return escape(ansi.harmless(found[2] or "")) if found else ansi.shown(self.text)


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
    lines = [Line(one.number, text(one.data, run.service.encoding)) for one in found]
    first = found[0].number if found else 1
    return Tail(first, lines, found[-1].offset if found and run.state in ACTIVE else run.bytes if found else 0)


def text(data: bytes, encoding: str = decoding.UTF_8) -> str:
    """Return a line's bytes as text that is settled: see proj/text/cells.py."""
    return settled(decoding.text(data, encoding), Pen())


def plain(text: str) -> str:
    """Return a line's text as a terminal shows it, without its colours, harmless."""
    return ansi.harmless(ansi.plain(settled(text, Pen())))


def _mark(text: str) -> re.Match[str] | None:
    return MARK.fullmatch(ansi.plain(text))
