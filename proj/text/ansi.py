"""Terminal output as text and as HTML: lines as a terminal shows them, coloured by spans, with links.

sequences.py knows the escape sequences, pen.py the colours, cells.py the line. static/runs/terminal/ does the same in
the browser with the rules of these files; tests/text/cases.json tests both.
"""

import re
from collections.abc import Iterator
from html import escape

from proj.text import cells, pen, screen, sequences
from proj.text.cells import settled
from proj.text.pen import Pen

MAX_SEQUENCES = 2_000  # of one text; with more the text has no colours

_HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")

plain = sequences.plain

# The same rules for the browser: these patterns mean the same in both languages.
BROWSER_RULES = {
    "maxSequences": MAX_SEQUENCES,
    **sequences.BROWSER_RULES,
    "control": _HARMFUL.pattern,
    "turning": _TURNING.pattern,
    "pen": pen.BROWSER_RULES,
    "cells": cells.BROWSER_RULES,
    "screen": screen.BROWSER_RULES,
}


def spans(text: str) -> str:
    """Return the lines of a message's `text` as HTML: escaped, and coloured by `<span class="ansi-...">`, which are
    closed and never nested. Colours go on over the lines; they are the sixteen, because a room's page has no more."""
    if "\x1b" not in text and "\b" not in text and "\r" not in text:
        return escape(text)
    if sequences.moves(text) or sequences.without_c1(text) != text:
        line_pen = Pen()
        text = "\n".join(_whole(settled(line, line_pen)) for line in text.split("\n"))
    return _coloured(text, shades=False)


def shown(text: str) -> str:
    """Return the HTML of a line that is settled: harmless, coloured, with links."""
    text = harmless(text)
    return escape(text) if "\x1b" not in text else _coloured(text, shades=True)


def harmless(text: str) -> str:
    r"""Return a settled line without control characters; characters that turn its direction become `\u202e`."""
    text = _HARMFUL.sub("", text)
    return text if text.isascii() else _TURNING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _whole(line: str) -> str:
    """Return a settled line that begins and ends as plain text, so that lines can be joined."""
    return f"{line}\x1b[m{sequences.link('')}" if "\x1b" in line else line


def _coloured(text: str, *, shades: bool) -> str:
    return escape(plain(text)) if text.count("\x1b") > MAX_SEQUENCES else "".join(_pieces(text, shades=shades))


def _pieces(text: str, *, shades: bool) -> Iterator[str]:
    text_pen = Pen()
    end = 0
    for found in sequences.matches(text):
        yield text_pen.written(text[end : found.start()], shades=shades)
        end = found.end()
        cells.turn(found, text_pen)
    yield text_pen.written(text[end:], shades=shades)
