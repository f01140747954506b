"""A person's face: a small round sign with the first letter of the shown name, in a colour of the person's own.

It stands beside the name and never instead of it. static/rooms/people/face.js draws the same one; a test compares them.
"""

import unicodedata

HUES = 12
HUE_FACTOR = 101
HUE_MODULUS = 65_521
JOINER = "\u200d"


def letter(name: str) -> str:
    """Return the first letter of `name` (a sign, if it has no letter) with its marks and modifiers, in any script."""
    start = 0
    while start < len(name) - 1 and unicodedata.category(name[start])[0] in "PMZ":
        start += 1
    end = start + 1
    while end < len(name) and _belongs(name[end], name[start:end]):
        end += 1
    return name[start:end]


def hue(username: str) -> int:
    """Return the colour of the person with this sign-in name, 0 to 11. It never changes."""
    number = 0
    for character in username:
        number = (HUE_FACTOR * number + ord(character)) % HUE_MODULUS
    return number % HUES


def _belongs(character: str, letter: str) -> bool:
    """Return whether `character` belongs to the `letter` before it: a mark, a skin tone, a joined sign, half a flag."""
    if character == JOINER or letter.endswith(JOINER) or unicodedata.category(character).startswith("M"):
        return True
    return "\U0001f3fb" <= character <= "\U0001f3ff" or (_halves_flag(character) and _halves_flag(letter))


def _halves_flag(letter: str) -> bool:
    return len(letter) == 1 and "\U0001f1e6" <= letter <= "\U0001f1ff"
