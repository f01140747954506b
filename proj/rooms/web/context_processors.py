"""Values for every template of a signed-in person."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from proj.rooms.models import Room


def side_rooms(request: HttpRequest) -> dict[str, "SimpleLazyObject[list[Room]]"]:
    """Return `side_rooms`, the person's rooms with unread counts, which are read when a template uses them."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {"side_rooms": SimpleLazyObject(lambda: list(Room.objects.of(user).with_unread(user)))}
