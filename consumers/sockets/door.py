"""The door: who comes, from where, into which room. Nothing behind it asks again who somebody is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import parse_cookie

from proj.accounts.models import User
from proj.accounts.sessions import person_of
from proj.rooms.models import Room
from proj.rooms.names import BadRoomName


class Refused(Exception):
    """The socket may not come in: the close code, and an error frame's code and detail."""

    def __init__(self, close: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.close = close
        self.code = code


@dataclass(frozen=True, slots=True)
class Admission:
    """Who came in, and where."""

    user: User
    room: Room


def from_allowed_origin(scope: Mapping[str, Any]) -> bool:
    """Whether the page that opened the socket is one of ours. Programs send no Origin; browsers always do."""
    origins = [value for name, value in scope["headers"] if name == b"origin"]
    return all(origin.decode("latin-1").lower() in settings.ALLOWED_ORIGINS for origin in origins)


def session_key(scope: Mapping[str, Any]) -> str:
    """The session cookie of the handshake, or an empty string."""
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    return parse_cookie(cookies.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")


def admit(key: str, room_name: str, *, make_room: bool) -> Admission:
    """Let the person of session `key` into the room called `room_name`. Synchronous. Raises Refused.

    `make_room`: an open room that is not there yet is made, as the tutorial's did.
    """
    user = person_of(key) if key else None
    if user is None:
        raise Refused(4401, "signed_out", "Sign in first.")
    try:
        room = Room.visit(user, room_name) if make_room else Room.called(user, room_name)
    except Room.NoAccess as error:
        raise Refused(4403, "no_access", str(error)) from None
    except (Room.DoesNotExist, BadRoomName):
        raise Refused(4404, "no_such_room", "There is no such room.") from None
    return Admission(user, room)
