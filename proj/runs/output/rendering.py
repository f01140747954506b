r"""Lines of output as people see them.

A line stands for itself: what it does with the cursor ends with it, and so do its colours. A carriage return begins the
line anew; colours (SGR) stay; all other sequences and control characters go, and what turns the direction of writing
round is shown as what it is, `\u202e`. static/runs/line.js does the same, and a test compares them.
"""

import re
from dataclasses import dataclass
from html import escape

from proj.rooms.text import ansi
from proj.runs.models import Run
from proj.runs.output import reading, utf8
from proj.runs.states import ACTIVE

TAIL = 200  # lines that a run's page begins with
LONGEST = 8_000  # characters of a line that are shown; the raw log has all

COLOUR = re.compile(r"\x1b\[[0-9;]{0,40}m")
STRING = re.compile(r"\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)")  # titles, links, the clipboard, with what they carry
LOOSE = re.compile(r"\x1b[\]PX^_]")  # of one that does not end, only the beginning goes: nothing can be hidden so
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")
TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
MARK = re.compile(r"::(group|endgroup|progress)(?: (.*))?")


@dataclass(frozen=True, slots=True)
class Line:
    """A line on a page. `kind` is the mark that it is (group, endgroup, progress), or nothing."""

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
    """The last lines of a run. What comes next begins `offset` bytes into the output: with the last line, which may not
    be whole yet, as long as the run goes on."""

    first: int
    lines: list[Line]
    offset: int


def tail(run: Run) -> Tail:
    """The last lines of its output, as far as there are any yet."""
    found = reading.lines(run, max(1, run.lines - TAIL + 2), TAIL)
    lines = [Line(one.number, text(one.data)) for one in found]
    first = found[0].number if found else 1
    return Tail(first, lines, found[-1].offset if found and run.state in ACTIVE else run.bytes if found else 0)


def text(data: bytes) -> str:
    """A line's bytes as text: after the last carriage return that something follows, and not longer than is shown."""
    line = utf8.text(data).rstrip("\r")
    before, turned, last = line.rpartition("\r")
    if turned:
        line = "".join(COLOUR.findall(before)[-50:]) + last
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"


def html(text: str) -> str:
    """A line's text as HTML: escaped, coloured, harmless."""
    return ansi.spans(_harmless(text))


def plain(text: str) -> str:
    """A line's text without its colours, harmless."""
    return ansi.plain(_harmless(text))


def _harmless(text: str) -> str:
    text = CONTROL.sub("", LOOSE.sub("", STRING.sub("", text)))
    return TURNING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
