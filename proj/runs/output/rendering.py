"""Lines of output as people see them: as a terminal shows them (proj/text), without control characters.

Colours go on over lines: the pen at a line comes from the LOOK_BACK_BYTES before it. The lines around a part of the
output decide which of its lines were written over (proj/text/screen.py). static/runs/terminal/ does the same with
live output, and tests compare the two.
"""

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from proj.runs.models import Run
from proj.runs.output import decoding, reading
from proj.runs.states import ACTIVE
from proj.text import ansi
from proj.text.cells import follow, settled
from proj.text.pen import Pen
from proj.text.screen import SCREEN_ROWS, Screen, goes_up

LOOK_BACK_BYTES = 128 * 1024  # in which the colour of a line was set
TAIL_LINES = 200  # that a run's page begins with

MARK = re.compile(r"::(group|endgroup|progress)(?: (.*))?")

# The same rules for the browser (static/runs/output/line.js).
BROWSER_RULES = {"mark": MARK.pattern}


@dataclass(frozen=True, slots=True)
class Line:
    """A line on a page. `kind` is group, endgroup or progress for a line that is such a mark, else empty."""

    number: int
    text: str | None  # None: it is not shown, because later output was written over it

    @property
    def kind(self) -> str:
        found = _mark(self.text or "")
        return found[1] if found else ""

    @property
    def name(self) -> str:
        """The words of a mark: the name of a group, or of a stage of the progress."""
        found = _mark(self.text or "")
        return found[2] or "" if found else ""

    @property
    def html(self) -> str:
        found = _mark(self.text or "")
        return escape(ansi.harmless(found[2] or "")) if found else ansi.shown(self.text or "")


@dataclass(frozen=True, slots=True)
class Tail:
    """The last lines of a run. A viewer goes on at `offset` bytes of the output: while the run is active that is the
    beginning of the last line, which may be unfinished. `before` is the screen before that line."""

    first: int
    lines: list[Line]
    offset: int
    before: Screen

    @property
    def state(self) -> dict[str, object]:
        """The tail for the page's modules."""
        rows = [[row.number, row.text] for row in self.before.rows[-SCREEN_ROWS:]]
        below = len(self.before.rows) - self.before.at
        whole = self.before.whole and len(rows) == len(self.before.rows)
        screen = {"pen": self.before.pen.opening(), "rows": rows, "at": len(rows) - below, "whole": whole}
        return {"first": self.first, "lines": [line.text for line in self.lines], "offset": self.offset} | screen


def tail(run: Run) -> Tail:
    """Return the last lines of the run's output."""
    first = max(1, run.lines - TAIL_LINES + 2)
    found, screen = _around(run, first, TAIL_LINES, 0)
    if not found:
        return Tail(1, [], 0, screen)
    _write(screen, run, found[:-1])
    before = copy.deepcopy(screen)
    _write(screen, run, found[-1:])
    shown = screen.shown()
    lines = [Line(line.number, shown[line.number]) for line in found if line.number >= first]
    return Tail(first, lines, found[-1].offset if run.state in ACTIVE else run.bytes, before)


def texts(run: Run, first: int, count: int, limit: int) -> list[str | None]:
    """Return the texts of at most `count` lines from number `first` on; fewer when they have more than `limit`
    characters. None stands for a line that is not shown: later output was written over it."""
    found, screen = _around(run, first, count, SCREEN_ROWS)
    _write(screen, run, found)
    shown = screen.shown()
    texts: list[str | None] = []
    for number in range(first, min(first + count, found[-1].number + 1) if found else first):
        texts.append(shown[number])
        limit -= len(shown[number] or "")
        if limit < 0:
            break
    return texts


def _around(run: Run, first: int, count: int, after: int) -> tuple[list[reading.Line], Screen]:
    """Return `count` lines from `first` on with the lines around them that decide how they look, and the screen before
    these. Where the cursor never goes up these are the wanted lines alone."""
    begin = max(1, first - SCREEN_ROWS)
    found = reading.lines(run, begin, first - begin + count + after)
    wanted = [line for line in found if first <= line.number < first + count]
    if not any(b"\x1b" in line.data and goes_up(line.data.decode("latin-1")) for line in found):
        found = wanted
    screen = Screen(whole=not found or found[0].number == 1)
    if found and found[0].offset:
        follow(_text_before(run, found[0].offset), screen.pen)
    return found if wanted else [], screen


def _text_before(run: Run, offset: int) -> str:
    begin = max(0, offset - LOOK_BACK_BYTES)
    data = b"".join(reading.pieces(run, begin, offset))[: offset - begin]
    return decoding.text(data, run.service.encoding) if b"\x1b" in data else ""


def _write(screen: Screen, run: Run, lines: Iterable[reading.Line]) -> None:
    for line in lines:
        screen.line(line.number, decoding.text(line.data, run.service.encoding))


def text(data: bytes, encoding: str = decoding.UTF_8) -> str:
    """Return one line's bytes as text that is settled: see proj/text/cells.py."""
    return settled(decoding.text(data, encoding), Pen())


def plain(text: str) -> str:
    """Return a line's text as a terminal shows it, without its colours, harmless."""
    return ansi.harmless(ansi.plain(settled(text, Pen())))


def _mark(text: str) -> re.Match[str] | None:
    return MARK.fullmatch(ansi.plain(text)) if "::" in text else None
