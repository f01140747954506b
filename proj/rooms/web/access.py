"""The door of the rooms' pages: a room by its name, or the error page that the person gets."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import Http404

from proj.accounts.models import User
from proj.rooms import names
from proj.rooms.models import Room, RoomSet


def room_of(user: User, name: str, among: Callable[[User], RoomSet] | None = None) -> Room:
    """Return the room of this name if it is in `among(user)` (default: open to them).

    Raises Http404 for a room that is not there and, alike, for one that `user` must not know of; PermissionDenied for a
    room that `user` may be in, and may not do this with.
    """
    try:
        return Room.called(user, name, among)
    except (Room.DoesNotExist, names.BadRoomName):
        raise Http404("There is no such room.") from None
    except Room.NoAccess as error:
        raise PermissionDenied(str(error)) from None
