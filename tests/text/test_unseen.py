"""Texts that show nothing are told from those that do, and characters that turn a text are shown."""

import sys
import unicodedata
from pathlib import Path

import pytest

from proj import text
from proj.text import unseen

NOTHING = (
    "\u3164 \u115f \u1160 \uffa0 \u2800 \u2800\u2800 \u034f \u00ad \u061c \u180e \u17b4 \u3164\u200d\u2800\u034f\ufe0f"
    " \ufe0f \ufe00 \U000e0100 \U000e0067\U000e007f \U000e0020 \U0001d159 \U0001d173 \ufff9 \u2066\u2069"
)


@pytest.mark.parametrize("message", ["", " \n\t", "\u00a0\u3000", NOTHING, *NOTHING.split()])
def test_nothing_is_seen(message: str) -> None:
    assert not unseen.is_seen(message)


@pytest.mark.parametrize(
    "message", ["e\u0301", "👩\u200d🚒", "\u0301", ".", "1\ufe0f\u20e3", "\u2800a", "\u0600", "\ue000", "\U0001fae9"]
)
def test_something_is_seen(message: str) -> None:
    assert unseen.is_seen(message)


def test_no_letter_mark_or_symbol_is_nothing() -> None:
    known = {"\u034f", *"\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U0001d159"}
    known |= {chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))}
    nothing = {
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character)[0] in "LMNPS" and not unseen.is_seen(character)
    }
    assert nothing == known


@pytest.mark.parametrize("sign", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
def test_a_turning_sign_is_shown(sign: str) -> None:
    assert unseen.shown(f"a{sign}b") == f"a\\u{ord(sign):04x}b"


def test_marks_of_direction_stay_in_hebrew_and_arabic() -> None:
    for words in ("שלום\u200f, עולם\u200e 1", "مرحبا\u200f!"):
        assert unseen.shown(words) == words
        assert unseen.shown(f"\u202e{words}") == f"\\u202e{words}"


def test_notifications_show_the_same_signs_but_for_marks_of_direction() -> None:
    module = (Path(text.__file__).parent.parent / "static" / "site" / "notification.js").read_text()
    assert r"/[\u202a-\u202e\u2066-\u2069]/gu" in module
    assert unseen.TURNING_SIGNS == "\u061c\u200e\u200f" + "\u202a-\u202e\u2066-\u2069"
