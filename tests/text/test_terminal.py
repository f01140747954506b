"""The line model against a reference terminal (pyte): recorded output, random lines, and random bytes.

A million of these: ./tests/run -n 0 -s -m by_hand tests/text/test_terminal.py
"""

import random
import time
import unicodedata
from collections import Counter
from pathlib import Path

import pyte
import pytest

from proj.text import ansi
from proj.text.cells import settled
from proj.text.pen import Pen
from proj.text.screen import Screen

RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.out"))
COLUMNS, ROWS = 1_000, 400
RANDOM_LINES = 3_000  # in continuous integration
MILLION = 1_000_000
PIECES = [
    *["a", "bc", "def ", "12345", "é", "\r", "\r", "\b", "\b\b", "\t", " "],
    *["\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b[X", "\x1b[3X", "\x1b[P", "\x1b[2P", "\x1b[@", "\x1b[2@"],
    *["\x1b[C", "\x1b[5C", "\x1b[D", "\x1b[3D", "\x1b[G", "\x1b[7G", "\x1b7gh\x1b8", "\x1b7i\x1b[2Cj\x1b8", "\x1b(B"],
    *["\x1b[31m", "\x1b[0m", "\x1b[1;44m", "\x1b[38;5;200m", "\x1b[48;2;1;2;3m", "\x1b]0;title\x07", "\x1b]0;x\x1b\\"],
]
WIDE_PIECES = [*"中文字", "👩", "e\u0301", "\u1100"]
# In steps of two columns: pyte keeps a wide character of which one half was written over, and terminals do not.
PAIRS = [*"中文字👩", "xe\u0301", "ab", "cd", "\r", "\b\b", "\x1b[K", "\x1b[2C", "\x1b[2P", "\x1b[2X"]
HOSTILE_PIECES = [
    *PIECES,
    *WIDE_PIECES,
    "\x1b",
    "\x1b[",
    "\x9b",
    "\x1b]8;;http://a.b\x07",
    "\x1bP",
    "\x1b[999C",
    ";",
    "m",
]


def terminal(text: str, rows: int = ROWS) -> list[str]:
    """Return the lines that the reference terminal shows, without blanks at their ends."""
    screen = pyte.Screen(COLUMNS, rows)
    pyte.Stream(screen).feed(text)
    return [line.rstrip() for line in screen.display]


def model(text: str) -> list[str]:
    """Return the lines that the model shows."""
    screen = Screen()
    for number, line in enumerate(text.split("\n"), 1):
        screen.line(number, line)
    shown = screen.shown()
    return [ansi.plain(text).expandtabs().rstrip() for _, text in sorted(shown.items()) if text is not None]


def without_end(lines: list[str]) -> list[str]:
    return "\n".join(lines).rstrip("\n").split("\n")


@pytest.mark.parametrize("file", RECORDED, ids=[file.stem for file in RECORDED])
def test_recorded_output_ends_as_in_a_terminal(file: Path) -> None:
    text = file.read_bytes().decode()
    assert without_end(model(text)) == without_end(terminal(text))


def test_random_lines_read_as_in_a_terminal() -> None:
    chance = random.Random(11)
    for _ in range(RANDOM_LINES):
        text = "".join(chance.choices(PIECES, k=chance.randrange(1, 25)))
        assert ansi.plain(settled(text, Pen())).expandtabs().rstrip() == terminal(text, 2)[0], repr(text)


def test_no_visible_character_of_wide_ones_is_lost() -> None:
    chance = random.Random(12)
    for _ in range(RANDOM_LINES):
        text = "".join(chance.choices(PAIRS, k=chance.randrange(1, 20)))
        screen = pyte.Screen(COLUMNS, 2)
        pyte.Stream(screen).feed(text)
        theirs = Counter("".join(cell.data for cell in screen.buffer[0].values()))
        lost = theirs - Counter(unicodedata.normalize("NFC", ansi.plain(settled(text, Pen()))))  # as pyte does
        assert not lost.keys() - {" "}, repr(text)


def try_random_bytes(count: int, seed: int) -> None:
    """Feed random byte strings and random sequences to the line and the screen."""
    chance = random.Random(seed)
    for n in range(count):
        if n % 2:
            text = chance.randbytes(chance.randrange(60)).decode("utf-8", "backslashreplace")
        else:
            text = "".join(chance.choices(HOSTILE_PIECES, k=chance.randrange(1, 20)))
        for line in text.split("\n"):
            ansi.shown(settled(line, Pen()))
        ansi.spans(text)
        model(text + chance.choice(["", "\n\x1b[A", "\n\x1b[2Ax\x1b[J"]) + text)


def test_random_bytes_raise_nothing() -> None:
    try_random_bytes(RANDOM_LINES, 13)


@pytest.mark.by_hand
@pytest.mark.timeout(3600)
def test_a_million_random_strings_raise_nothing() -> None:
    began = time.monotonic()
    try_random_bytes(MILLION, 14)
    print(f"\n{MILLION:,} strings in {time.monotonic() - began:.0f} s")
