"""The rules for names of rooms: any script, one line, no slash."""

import unicodedata

from django.utils.translation import gettext_lazy as _

from proj.rooms.errors import RoomError
from proj.text import unseen

MAX_NAME_CHARACTERS = 100
MAX_KEY_CHARACTERS = 200


class BadRoomName(RoomError, ValueError):
    """The name is empty or too long, or has a slash or an invisible character."""

    message = _("A room's name is 1 to 100 visible characters on one line, without a slash.")


def composed(name: str) -> str:
    """Return `name` composed (NFC) with single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def checked(name: str) -> str:
    """Return `name` as composed() does. Raises BadRoomName.

    U+FFFD stands in a name whose bytes could not be decoded.
    """
    single = composed(name)
    if not unseen.is_seen(single) or len(single) > MAX_NAME_CHARACTERS or single in (".", ".."):
        raise BadRoomName
    if any(character in "/\\\ufffd" for character in single) or not unseen.fits_name(single):
        raise BadRoomName
    return single


def key(name: str) -> str:
    """Return the form in which names are compared: `Lobby` and `lobby` are one room. Raises BadRoomName."""
    if "\0" in name:
        raise BadRoomName  # PostgreSQL refuses a query with this character
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()[:MAX_KEY_CHARACTERS]
