"""What a room may be called: any script, one line, no slash."""

import unicodedata

LONGEST = 100  # characters


class BadRoomName(ValueError):
    """A room's name is 1 to 100 visible characters on one line, without a slash."""


def checked(name: str) -> str:
    """Return `name` composed (NFC) with single spaces, or raise BadRoomName."""
    composed = " ".join(unicodedata.normalize("NFC", name).split())
    if not composed or len(composed) > LONGEST or composed in (".", ".."):
        raise BadRoomName(BadRoomName.__doc__)
    if any(c in "/\\" or unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") for c in composed):
        raise BadRoomName(BadRoomName.__doc__)
    return composed


def key(name: str) -> str:
    """The form in which two names are the same room: `Lobby` and `lobby` are one. Raises BadRoomName."""
    if "\0" in name:
        raise BadRoomName(BadRoomName.__doc__)  # PostgreSQL would refuse even to look for it
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()[:200]
