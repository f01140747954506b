"""One line as a terminal shows it: a row of cells, on which later text overwrites earlier text.

A line without a movement needs no cells and keeps its text. Else the cells follow carriage returns, backspaces, tabs,
erasures, insertions and movements within the line; a wide character takes two cells, a combining mark none. Movements
between lines are those of screen.py. static/runs/terminal/cells.js does the same, and one file of cases tests both.
"""

import re
import unicodedata
from functools import lru_cache

from proj.text import sequences
from proj.text.pen import Pen

MAX_LINE_CHARACTERS = 8_000  # cells of a line; the raw log has all
MAX_MODEL_CHARACTERS = 32_768  # of one line, for which cells are filled
MAX_COMBINING = 16  # combining marks in one cell
COLUMNS = 200  # of the terminal: a movement goes no farther, unless the line is longer
TAB_COLUMNS = 8
CUT_SIGN = "…"  # behind a line that is longer
TWO_CELL_RANGES = (
    "1100-115f 231a-231b 2329-232a 23e9-23ec 23f0-23f0 23f3-23f3 25fd-25fe 2614-2615 2648-2653 267f-267f 2693-2693 "
    "26a1-26a1 26aa-26ab 26bd-26be 26c4-26c5 26ce-26ce 26d4-26d4 26ea-26ea 26f2-26f3 26f5-26f5 26fa-26fa 26fd-26fd "
    "2705-2705 270a-270b 2728-2728 274c-274c 274e-274e 2753-2755 2757-2757 2795-2797 27b0-27b0 27bf-27bf 2b1b-2b1c "
    "2b50-2b50 2b55-2b55 2e80-303e 3041-3247 3250-4dbf 4e00-a4c6 a960-a97c ac00-d7a3 f900-fad9 fe10-fe19 fe30-fe6b "
    "ff01-ff60 ffe0-ffe6 16fe0-1b2fb 1f004-1f004 1f0cf-1f0cf 1f18e-1f18e 1f191-1f19a 1f200-1f320 1f32d-1f335 "
    "1f337-1f37c 1f37e-1f393 1f3a0-1f3ca 1f3cf-1f3d3 1f3e0-1f3f0 1f3f4-1f3f4 1f3f8-1f43e 1f440-1f440 1f442-1f4fc "
    "1f4ff-1f53d 1f54b-1f54e 1f550-1f567 1f57a-1f57a 1f595-1f596 1f5a4-1f5a4 1f5fb-1f64f 1f680-1f6c5 1f6cc-1f6cc "
    "1f6d0-1f6d2 1f6d5-1f6df 1f6eb-1f6ec 1f6f4-1f6fc 1f7e0-1f7f0 1f90c-1f93a 1f93c-1f945 1f947-1f9ff 1fa70-1faf8 "
    "20000-3fffd"
)  # ranges of characters that take two cells (East Asian Width W and F, and unassigned ones between them)

_SPECIAL = r"[\x1b\r\b\x80-\x9f]"  # in lines that a terminal may show otherwise than they stand there
_TOKEN = re.compile(rf"{sequences.SEQUENCE.pattern}|([\b\r\t])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TWO_CELLS = re.compile(
    "[" + "".join("-".join(chr(int(end, 16)) for end in pair.split("-")) for pair in TWO_CELL_RANGES.split()) + "]"
)
_JOINING_JAMO = range(0x1160, 0x1200)  # vowels and final consonants, which join the syllable before them
_SOFT_HYPHEN = "\u00ad"
_RESETS = ("\x1b[0m", "\x1b[m")

# The same rules for the browser (static/runs/terminal/cells.js).
BROWSER_RULES = {
    "maxCharacters": MAX_LINE_CHARACTERS,
    "maxModel": MAX_MODEL_CHARACTERS,
    "maxMarks": MAX_COMBINING,
    "columns": COLUMNS,
    "tab": TAB_COLUMNS,
    "cut": CUT_SIGN,
    "wide": TWO_CELL_RANGES,
    "special": _SPECIAL,
    "control": _CONTROL.pattern,
}

Style = tuple[str, str]  # the SGR sequence and the link of a cell
_UNSTYLED: Style = ("", "")


def settled(text: str, pen: Pen) -> str:
    """Return a line as a terminal shows it, with no sequences but colours and links; `pen` goes on to the next line."""
    if "\x1b" not in text and "\r" not in text and "\b" not in text and not sequences.has_c1(text):
        if text and pen.writes_styled:
            text = pen.opening() + text
        return text if len(text) <= MAX_LINE_CHARACTERS else text[:MAX_LINE_CHARACTERS] + CUT_SIGN
    text = sequences.without_c1(text.rstrip("\r"))
    if len(text) <= MAX_LINE_CHARACTERS and not sequences.moves(text):
        return _opened(text, pen)
    return _filled(text, pen).text()


def is_special(text: str) -> bool:
    """Return whether a terminal would show `text` otherwise than it stands there."""
    return "\x1b" in text or "\r" in text or "\b" in text or sequences.has_c1(text)


def written_over(text: str, column: int, part: str, pen: Pen) -> tuple[str, int]:
    """Return the settled `text` after `part` was written over it from `column` on, and the cursor's column then."""
    over = _Cells(Pen())
    over.feed(text)
    over.column, over.pen = column, pen
    over.feed(sequences.without_c1(part)[:MAX_MODEL_CHARACTERS])
    return over.text(), over.column


def follow(text: str, pen: Pen) -> None:
    """Apply the colours and links in `text` to the pen."""
    end = max(map(text.rfind, _RESETS))
    if end >= 0 and "\x1b]8" not in text:
        pen.reset()
        text = text[end + 1 :]
    if "\x1b" in text:
        for found in sequences.matches(text):
            turn(found, pen)


def turn(found: re.Match[str], pen: Pen) -> None:
    """Apply one match of SEQUENCE to the pen, if it is a colour or a link."""
    if found[1] is not None:
        pen.turn(found[1])
    elif found[4] is not None:
        pen.link = found[4] if sequences.is_safe(found[4]) else ""
    elif found[5] == "c":
        pen.reset()


def _opened(text: str, pen: Pen) -> str:
    opening = pen.opening() if pen.writes_styled else ""
    follow(text, pen)
    return opening + sequences.only_styles(text) if text else ""


def _filled(text: str, pen: Pen) -> "_Cells":
    filled = _Cells(pen)
    filled.feed(_end(text, pen) if len(text) > MAX_MODEL_CHARACTERS else text)
    return filled


def _end(text: str, pen: Pen) -> str:
    """Return the last part of a long line, from a carriage return on, which a progress bar has; else its beginning."""
    begin = text.find("\r", len(text) - MAX_MODEL_CHARACTERS)
    if begin < 0:
        return text[:MAX_MODEL_CHARACTERS]
    follow(text[:begin], pen)
    return text[begin:]


@lru_cache(maxsize=4096)
def _width(char: str) -> int:
    """Return how many cells a character takes: 0 for a mark that joins the character before it."""
    category = unicodedata.category(char)
    if category in ("Mn", "Me") or (category == "Cf" and char != _SOFT_HYPHEN) or ord(char) in _JOINING_JAMO:
        return 0
    return 2 if _TWO_CELLS.match(char) else 1


class _Cells:
    """The cells of one line, and the cursor. The second cell of a wide character is empty."""

    def __init__(self, pen: Pen) -> None:
        self.pen = pen
        self.column = 0
        self._chars: list[str] = []
        self._styles: list[Style | None] = []  # None where nothing was written
        self._style: Style | None = None  # of the pen; None when it has changed
        self._saved: tuple[int, Pen] | None = None
        self._wide = False  # whether there may be wide characters
        self._away = False  # whether the cursor stands in another row, until it is restored
        self._cut = False

    def text(self) -> str:
        """Return the line with its colours and links."""
        end = len(self._styles)
        while end and self._styles[end - 1] is None:
            end -= 1
        if all(style is None or style == _UNSTYLED for style in self._styles):  # the usual progress bar
            return "".join(self._chars[:end]) + (CUT_SIGN if self._cut else "")
        written, now = [], _UNSTYLED
        for char, style in zip(self._chars[:end], self._styles, strict=False):
            wanted = style or _UNSTYLED
            if wanted is not now:
                if wanted[0] != now[0]:
                    written.append(wanted[0] or "\x1b[m")
                if wanted[1] != now[1]:
                    written.append(sequences.link(wanted[1]))
                now = wanted
            written.append(char)
        return "".join(written) + (CUT_SIGN if self._cut else "")

    def feed(self, text: str) -> None:
        """Write text, and apply its sequences."""
        self._style, end = None, 0
        for found in _TOKEN.finditer(text):
            if found.start() > end:
                self.write(text[end : found.start()])
            end = found.end()
            self.act(found)
        self.write(text[end:])

    def write(self, text: str) -> None:
        """Write text at the cursor."""
        if self._away or not (text := _CONTROL.sub("", text)):
            return
        if self._style is None:
            self._style = (self.pen.sgr(), self.pen.link)
        if text.isascii():
            self._put(list(text))
            return
        chars: list[str] = []
        for char in text:
            width = _width(char)
            if width:
                self._wide |= width == 2
                chars += (char, "")[:width]
            if chars and (not width or self.column + len(chars) >= MAX_LINE_CHARACTERS - 2):
                self._put(chars)
                chars = []
            if not width:
                self._join(char)
        if chars:
            self._put(chars)

    def _put(self, chars: list[str]) -> None:
        begin, end = self.column, self.column + len(chars)
        if end > MAX_LINE_CHARACTERS:
            self._cut = True
            chars = chars[: max(0, MAX_LINE_CHARACTERS - begin)]
            end = begin + len(chars)
            if chars and self._wide and begin + 1 == end:
                return  # half of a wide character, or a character behind one
        self._reach(begin)
        self._split(begin, end)
        self._chars[begin:end] = chars
        self._styles[begin:end] = [self._style] * len(chars)
        self.column = end

    def _join(self, mark: str) -> None:
        place = min(self.column, len(self._chars)) - 1
        while place > 0 and not self._chars[place]:
            place -= 1
        if place < 0:
            self._put([mark])
        elif len(self._chars[place]) <= MAX_COMBINING:
            self._chars[place] += mark

    def _reach(self, column: int) -> None:
        """Fill the line with blanks up to a column."""
        if missing := max(0, column - len(self._chars)):
            self._chars += [" "] * missing
            self._styles += [None] * missing

    def _split(self, begin: int, end: int) -> None:
        """Blank the other halves of wide characters at both ends of a part that is about to change."""
        if not self._wide:
            return
        if 0 < begin < len(self._chars) and not self._chars[begin]:
            self._chars[begin - 1] = self._chars[begin] = " "
        if end < len(self._chars) and not self._chars[end]:
            self._chars[end] = " "

    def act(self, found: re.Match[str]) -> None:
        """Apply one match of _TOKEN."""
        if found[6] is not None:
            self._step(found[6])
        elif found[3] is not None:
            self._move(found[3], found[2])
        elif found[1] is not None or found[4] is not None:
            turn(found, self.pen)
            self._style = None
        elif found[5] is not None:
            self._private(found[5])

    def _step(self, char: str) -> None:
        if char == "\r":
            self.column = 0
        elif char == "\b":
            self.column = max(0, self.column - 1)
        else:
            self._go(self.column + TAB_COLUMNS - self.column % TAB_COLUMNS)

    def _go(self, column: int) -> None:
        self.column = max(0, min(column, max(len(self._chars), COLUMNS)))

    def _private(self, letter: str) -> None:
        if letter == "7":
            self._saved = (self.column, Pen(set(self.pen.styles), self.pen.foreground, self.pen.background))
        elif letter == "8":
            self._restore()
        elif letter == "E":
            self.column = 0
        elif letter == "c":
            self.pen.reset()
            self._style = None
            self._blank(0, len(self._chars))
            self.column = 0

    def _restore(self) -> None:
        if self._saved:
            self.column, pen = self._saved
            self.pen.styles, self.pen.foreground, self.pen.background = set(pen.styles), pen.foreground, pen.background
            self._style = None
        self._away = False

    def _move(self, letter: str, parameters: str) -> None:
        numbers = [int(number[:5] or 0) for number in parameters.split(";")]
        count = numbers[0] or 1
        if letter in "Ca":
            self._go(self.column + count)
        elif letter == "D":
            self._go(self.column - count)
        elif letter in "G`":
            self._go(count - 1)
        elif letter in "EF":
            self.column = 0
        elif letter in "Hf":
            self._place(numbers)
        elif letter == "s":
            self._private("7")
        elif letter == "u":
            self._restore()
        elif not self._away:
            self._erase(letter, numbers[0], count)

    def _place(self, numbers: list[int]) -> None:
        """Go to a row and a column. The row is not known here: text that stands in the way is kept."""
        if self._saved and len(numbers) > 1:
            self._away = True
            return
        column, size = (numbers[1] or 1) - 1 if len(numbers) > 1 else 0, len(self._chars)
        self._go(column if size <= column < COLUMNS else size + 1 if size else 0)

    def _erase(self, letter: str, form: int, count: int) -> None:
        size = len(self._chars)
        if letter in "JK":
            if form == 0:
                self._cut_off()
            elif form == 1:
                self._blank(0, self.column + 1)
            elif form == 2:
                self._blank(0, size)
        elif letter == "X":
            self._blank(self.column, self.column + count)
        elif letter == "P" and self.column < size:
            self._split(self.column, self.column + count)
            del self._chars[self.column : self.column + count], self._styles[self.column : self.column + count]
        elif letter == "@" and self.column < size:
            count = min(count, MAX_LINE_CHARACTERS)
            self._split(self.column, self.column)
            self._chars[self.column : self.column] = [" "] * count
            self._styles[self.column : self.column] = [None] * count
            del self._chars[MAX_LINE_CHARACTERS:], self._styles[MAX_LINE_CHARACTERS:]

    def _cut_off(self) -> None:
        self._split(self.column, len(self._chars))
        del self._chars[self.column :], self._styles[self.column :]
        self._cut = False

    def _blank(self, begin: int, end: int) -> None:
        end = min(end, len(self._chars))
        if end == len(self._chars):
            del self._chars[begin:], self._styles[begin:]
            self._cut = False
        elif begin < end:
            self._split(begin, end)
            self._chars[begin:end] = [" "] * (end - begin)
            self._styles[begin:end] = [None] * (end - begin)
