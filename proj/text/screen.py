"""Lines of output as rows of a terminal's screen: the cursor may go up and write over earlier lines (docker, npm, pip).

Each line of the output belongs to the row in which it ends. A line whose row a later line took is not shown any more.
The cursor goes up at most SCREEN_ROWS rows, so a line is final when so many rows follow it.
static/runs/terminal/screen.js does the same, and tests/text/screens.json tests both.
"""

import re
from dataclasses import dataclass, field

from proj.text import cells, sequences
from proj.text.cells import MAX_LINE_CHARACTERS, is_special, settled
from proj.text.pen import Pen

SCREEN_ROWS = 100  # of the terminal
MAX_REDRAWN_CHARACTERS = 1_000_000  # of one screen; what follows is shown line by line
UNKNOWN = -1  # the number of a row that an earlier line made, which is not known here

_VERTICAL = re.compile(r"\x1b(?:\[([0-9]{0,4})([ABEFJ])|([DM]))")
_UPWARD = re.compile(r"\x1b(?:\[[0-9]{0,4}[AF]|M)")
_ERASING = re.compile(r"\x1b\[[0-9;]{0,40}[JKPX]")

# The same rules for the browser (static/runs/terminal/screen.js).
BROWSER_RULES = {
    "rows": SCREEN_ROWS,
    "maxRedrawn": MAX_REDRAWN_CHARACTERS,
    "vertical": _VERTICAL.pattern,
    "upward": _UPWARD.pattern,
    "erasing": _ERASING.pattern,
}


@dataclass(slots=True)
class Row:
    """A row: the number of the line that it shows (0: none yet; UNKNOWN: one before these), and its settled text."""

    number: int = 0
    text: str = ""


@dataclass(slots=True)
class Screen:
    """The rows so far, the cursor's row, and the pen. `whole`: the first row is the first of the output."""

    pen: Pen = field(default_factory=Pen)
    whole: bool = True
    rows: list[Row] = field(default_factory=list)
    at: int = 0  # behind the last row: the next line makes a row
    hidden: list[int] = field(default_factory=list)  # the numbers of lines that are not shown
    _column: int = 0
    _wrote: bool = False  # whether the line has written on the cursor's row
    _redrawn: int = 0  # characters

    def line(self, number: int, text: str) -> None:
        """Write a line, and go to the beginning of the next one."""
        if self.at == len(self.rows):
            self.rows.append(Row())
            if not goes_up(text) or self._redrawn > MAX_REDRAWN_CHARACTERS:
                self.rows[-1] = Row(number, settled(self._bounded(text), self.pen))
                self.at += 1
                return
        self._column, self._wrote, end = 0, False, 0
        for found in _VERTICAL.finditer(text):
            self._write(text[end : found.start()])
            end = found.end()
            self._move(found[2] or found[3], int(found[1] or 0))
        self._write(text[end:])
        self._own(self.rows[self.at], number)
        self.at += 1

    def shown(self) -> dict[int, str | None]:
        """Return the text of each line; None for a line that is not shown."""
        end = len(self.rows)
        while end > self.at and not self.rows[end - 1].text:  # erased rows below the cursor
            end -= 1
        hidden = self.hidden + [row.number for row in self.rows[end:] if row.number > 0]
        rows = [row for row in self.rows[:end] if row.number > 0 or (row.number == 0 and row.text)]
        numbers, spare = [row.number for row in rows if row.number], sorted(hidden)
        while spare and len(numbers) < len(rows):
            numbers.append(spare.pop())
        if len(numbers) < len(rows):
            rows = [row for row in rows if row.number]
        found: dict[int, str | None] = dict.fromkeys(hidden)
        found.update(zip(sorted(numbers), (row.text for row in rows), strict=False))
        return found

    def _bounded(self, text: str) -> str:
        """Return a line whose cells may be filled: of too much output, only the text behind the last return."""
        if is_special(text) and sequences.moves(text.rstrip("\r")):
            self._redrawn += len(text)
            if self._redrawn > MAX_REDRAWN_CHARACTERS:
                return sequences.plain(text.rstrip("\r").rpartition("\r")[2].replace("\b", ""))
        return text

    def _write(self, part: str) -> None:
        if not part:
            return
        row = self.rows[self.at]
        self._redrawn += len(row.text) + len(part)
        if self._redrawn > MAX_REDRAWN_CHARACTERS:
            row.text = (row.text + sequences.plain(part))[:MAX_LINE_CHARACTERS]
            return
        row.text, self._column = cells.written_over(row.text, self._column, part, self.pen)
        self._wrote = self._wrote or bool(sequences.plain(part).strip("\r\b")) or _ERASING.search(part) is not None

    def _move(self, letter: str, number: int) -> None:
        if letter == "J":
            self._erase_below(number)
            return
        by = (number or 1) * (-1 if letter in "AFM" else 1)
        self.at, self._wrote = min(self.at + by, len(self.rows) - 1), False
        self._column = 0 if letter in "EF" else self._column
        if self.at < 0 and not self.whole:  # the rows above these lines are not known
            above = min(-self.at, max(0, SCREEN_ROWS - len(self.rows)))
            self.rows[:0] = [Row(UNKNOWN) for _ in range(above)]
            self.at += above
        self.at = max(self.at, 0, len(self.rows) - SCREEN_ROWS)

    def _erase_below(self, form: int) -> None:
        self._write(f"\x1b[{form}K")
        if form == 0:
            self.hidden += [row.number for row in self.rows[self.at + 1 :] if row.number > 0]
            del self.rows[self.at + 1 :]

    def _own(self, row: Row, number: int) -> None:
        """Give the row to the line that ends in it, if the line wrote there."""
        if row.number > 0 and not self._wrote:
            self.hidden.append(number)
            return
        if row.number > 0:
            self.hidden.append(row.number)
        row.number = number


def goes_up(text: str) -> bool:
    """Return whether `text` moves the cursor to an earlier line."""
    return "\x1b" in text and _UPWARD.search(text) is not None
