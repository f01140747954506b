"""A person's face: a small round sign with the first letter of how they are called, in a colour of their own.

It helps the eye, beside the name and never instead of it. static/rooms/face.js makes the same; a test compares them.
"""

import unicodedata

HUES = 12
JOINER = "\u200d"


def letter(name: str) -> str:
    """The first letter of `name` (or sign, where it has none) with all that belongs to it, in any script."""
    start = 0
    while start < len(name) - 1 and unicodedata.category(name[start])[0] in "PMZ":
        start += 1
    end = start + 1
    while end < len(name) and _belongs(name[end], name[start:end]):
        end += 1
    return name[start:end]


def hue(who: str) -> int:
    """The colour of who signs in as `who`: 0 to 11, the same for ever."""
    number = 0
    for character in who:
        number = (101 * number + ord(character)) % 65_521
    return number % HUES


def _belongs(character: str, letter: str) -> bool:
    """Whether what follows `letter` is a part of it: marks, colours of skin, what is joined, a flag's second half."""
    if character == JOINER or letter.endswith(JOINER) or unicodedata.category(character).startswith("M"):
        return True
    return "\U0001f3fb" <= character <= "\U0001f3ff" or (_halves_flag(character) and _halves_flag(letter))


def _halves_flag(letter: str) -> bool:
    return len(letter) == 1 and "\U0001f1e6" <= letter <= "\U0001f1ff"
