"""Colours of pasted terminal output: SGR sequences (ECMA-48, 8.3.117) as spans with classes, all others taken out."""

import re
from collections.abc import Iterator
from html import escape

MOST = 2_000  # sequences in one text; with more the text is shown without colours

_SEQUENCE = re.compile(
    r"\x1b(?:"
    r"\[(?P<codes>[0-9;]{0,40})m"
    r"|\[[0-?]*[ -/]*[@-~]?"  # the cursor and the like
    r"|\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles and links
    r"|[@-Z\\^_a-z]"
    r"|)"
)
_STYLES = {1: "bold", 2: "dim", 3: "italic", 4: "underline"}
_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",)}
_BRIGHT = 8  # colours 8 to 15 are the bright ones of 0 to 7


def spans(text: str) -> str:
    """`text` as HTML: escaped, and coloured by `<span class="ansi-...">`, which are never nested nor left open."""
    if "\x1b" not in text:
        return escape(text)
    if text.count("\x1b") > MOST:
        return escape(plain(text))
    return "".join(_pieces(text))


def plain(text: str) -> str:
    """`text` without its sequences."""
    return _SEQUENCE.sub("", text)


def _pieces(text: str) -> Iterator[str]:
    pen = _Pen()
    end = 0
    for found in _SEQUENCE.finditer(text):
        yield pen.written(text[end : found.start()])
        end = found.end()
        if found["codes"] is not None:
            pen.turn([int(code or 0) for code in found["codes"].split(";")])
    yield pen.written(text[end:])


class _Pen:
    """How the terminal would write what comes next."""

    def __init__(self) -> None:
        self.styles: set[str] = set()
        self.ink: int | None = None
        self.paper: int | None = None

    def written(self, text: str) -> str:
        classes = [f"ansi-{style}" for style in sorted(self.styles)]
        if self.ink is not None:
            classes.append(f"ansi-ink-{self.ink}")
        if self.paper is not None:
            classes.append(f"ansi-paper-{self.paper}")
        if not text or not classes:
            return escape(text)
        return f'<span class="{" ".join(classes)}">{escape(text)}</span>'

    def turn(self, codes: list[int]) -> None:
        """Take in the numbers of one sequence. Colours beyond the sixteen are left out, with their numbers."""
        rest = iter(codes)
        for code in rest:
            if code == 0:
                self.__init__()  # type: ignore[misc]
            elif code in _STYLES:
                self.styles.add(_STYLES[code])
            elif code in _OFF:
                self.styles.difference_update(_OFF[code])
            elif code in (38, 48):
                self._extended(code, rest)
            else:
                self._colour(code)

    def _colour(self, code: int) -> None:
        for first, kind, base in ((30, "ink", 0), (90, "ink", _BRIGHT), (40, "paper", 0), (100, "paper", _BRIGHT)):
            if first <= code < first + 8:
                setattr(self, kind, base + code - first)
        if code == 39:
            self.ink = None
        elif code == 49:
            self.paper = None

    def _extended(self, code: int, rest: Iterator[int]) -> None:
        form = next(rest, 0)
        numbers = [next(rest, 0) for _ in range({5: 1, 2: 3}.get(form, 0))]
        color = numbers[0] if form == 5 and numbers[0] < 2 * _BRIGHT else None
        if code == 38:
            self.ink = color
        else:
            self.paper = color
