"""The rules for names of rooms: any script, one line, no slash."""

import unicodedata

from django.utils.translation import gettext_lazy as _

from proj.rooms.errors import RoomError

MAX_NAME_CHARACTERS = 100
MAX_KEY_CHARACTERS = 200


class BadRoomName(RoomError, ValueError):
    """The name is empty or too long, or has a slash or an invisible character."""

    message = _("A room's name is 1 to 100 visible characters on one line, without a slash.")


def checked(name: str) -> str:
    """Return `name` composed (NFC) with single spaces. Raises BadRoomName.

    U+FFFD stands in a name whose bytes could not be decoded.
    """
    composed = " ".join(unicodedata.normalize("NFC", name).split())
    if not composed or len(composed) > MAX_NAME_CHARACTERS or composed in (".", ".."):
        raise BadRoomName
    if any(c in "/\\\ufffd" or unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") for c in composed):
        raise BadRoomName
    return composed


def key(name: str) -> str:
    """Return the form in which names are compared: `Lobby` and `lobby` are one room. Raises BadRoomName."""
    if "\0" in name:
        raise BadRoomName  # PostgreSQL refuses a query with this character
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()[:MAX_KEY_CHARACTERS]
