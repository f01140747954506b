"""Terminal output as text and as HTML: the server's only knowledge of escape sequences (ECMA-48).

SGR sequences (8.3.117) become spans with classes; every other sequence is removed. static/runs/output/ansi.js does
the same in the browser with the rules of this file, and a test compares the two.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

MAX_SEQUENCES = 2_000  # of one text; with more the text has no colours

_CURSOR = r"\[[0-?]*[ -/]*[@-~]?"  # and everything else that begins with CSI
_TITLE = r"\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # and links
_STRING = r"[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # titles, links, the clipboard, with their content
_SEQUENCE = re.compile(rf"\x1b(?:\[([0-9;]{{0,40}})m|{_CURSOR}|{_TITLE}|[@-Z\\^_a-z]|)")
_SEQUENCE_IN_LINE = re.compile(rf"\x1b(?:{_CURSOR}|{_STRING}|[@-Z\\a-z]|)")
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,40}m")
_WHOLE_STRING = re.compile(r"\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)")
_STRING_START = re.compile(r"\x1b[\]PX^_]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_STYLES = {1: "bold", 2: "dim", 3: "italic", 4: "underline"}
_STYLES_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",)}
_COLOURS = 16  # numbers 8 to 15 are the bright colours of 0 to 7
_FOREGROUND = {30 + n: n for n in range(8)} | {90 + n: 8 + n for n in range(8)} | {39: None}
_BACKGROUND = {40 + n: n for n in range(8)} | {100 + n: 8 + n for n in range(8)} | {49: None}
_FOREGROUND_EXTENDED, _BACKGROUND_EXTENDED = 38, 48
_PALETTE = 5  # the form of an extended colour that has a number of the palette
_EXTENDED_NUMBERS = {_PALETTE: 1, 2: 3}  # numbers behind each form of an extended colour: of the palette, and RGB

# The same rules for the browser (static/runs/output/ansi.js): these patterns mean the same in both languages.
BROWSER_RULES = {
    "maxSequences": MAX_SEQUENCES,
    "sequence": _SEQUENCE.pattern,
    "colour": _COLOUR.pattern,
    "wholeString": _WHOLE_STRING.pattern,
    "stringStart": _STRING_START.pattern,
    "control": _CONTROL.pattern,
    "turning": _TURNING.pattern,
    "styles": _STYLES,
    "stylesOff": _STYLES_OFF,
    "foreground": _FOREGROUND,
    "background": _BACKGROUND,
    "foregroundExtended": _FOREGROUND_EXTENDED,
    "backgroundExtended": _BACKGROUND_EXTENDED,
    "extendedNumbers": _EXTENDED_NUMBERS,
    "palette": _PALETTE,
    "colours": _COLOURS,
}


def spans(text: str) -> str:
    """Return `text` as HTML: escaped, and coloured by `<span class="ansi-...">`, which are closed and never nested."""
    if "\x1b" not in text:
        return escape(text)
    if text.count("\x1b") > MAX_SEQUENCES:
        return escape(plain(text))
    return "".join(_pieces(text))


def plain(text: str) -> str:
    """Return `text` without its sequences."""
    return _SEQUENCE.sub("", text)


def plain_lines(text: str) -> str:
    """Return the lines of `text` without their sequences. A sequence ends with its line, so no line is lost."""
    return _SEQUENCE_IN_LINE.sub("", text) if "\x1b" in text else text


def colours(text: str) -> list[str]:
    """Return the SGR sequences in `text`."""
    return _COLOUR.findall(text)


def harmless(text: str) -> str:
    r"""Return `text` without control characters and strings; characters that turn its direction become `\u202e`.

    Of a string that does not end, only the beginning goes, so that it cannot hide the text behind it. Other sequences
    stay, for spans() or plain().
    """
    text = _CONTROL.sub("", _STRING_START.sub("", _WHOLE_STRING.sub("", text)))
    return _TURNING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _pieces(text: str) -> Iterator[str]:
    pen = _Pen()
    end = 0
    for found in _SEQUENCE.finditer(text):
        yield pen.written(text[end : found.start()])
        end = found.end()
        if found[1] is not None:
            pen.turn([int(code or 0) for code in found[1].split(";")])
    yield pen.written(text[end:])


@dataclass(slots=True)
class _Pen:
    """The styles and colours (0 to 15) with which a terminal would write the next text."""

    styles: set[str] = field(default_factory=set)
    foreground: int | None = None
    background: int | None = None

    def written(self, text: str) -> str:
        """Return `text` as HTML."""
        classes = [f"ansi-{style}" for style in sorted(self.styles)]
        if self.foreground is not None:
            classes.append(f"ansi-ink-{self.foreground}")
        if self.background is not None:
            classes.append(f"ansi-paper-{self.background}")
        if not text or not classes:
            return escape(text)
        return f'<span class="{" ".join(classes)}">{escape(text)}</span>'

    def turn(self, codes: list[int]) -> None:
        """Apply the numbers of one SGR sequence. Colours beyond the sixteen are skipped, with their numbers."""
        remaining = iter(codes)
        for code in remaining:
            if code == 0:
                self.styles, self.foreground, self.background = set(), None, None
            elif code in _STYLES:
                self.styles.add(_STYLES[code])
            elif code in _STYLES_OFF:
                self.styles.difference_update(_STYLES_OFF[code])
            elif code in _FOREGROUND:
                self.foreground = _FOREGROUND[code]
            elif code in _BACKGROUND:
                self.background = _BACKGROUND[code]
            elif code == _FOREGROUND_EXTENDED:
                self.foreground = _extended(remaining)
            elif code == _BACKGROUND_EXTENDED:
                self.background = _extended(remaining)


def _extended(remaining: Iterator[int]) -> int | None:
    """Take the numbers of an extended colour. Return the colour when it is one of the sixteen."""
    form = next(remaining, 0)
    numbers = [next(remaining, 0) for _ in range(_EXTENDED_NUMBERS.get(form, 0))]
    return numbers[0] if form == _PALETTE and numbers[0] < _COLOURS else None
