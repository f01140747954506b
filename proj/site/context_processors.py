"""What stands beside every page: the rooms that a person may see, with what is unread in them."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from proj.rooms.models import Room


def rooms(request: HttpRequest) -> dict[str, Any]:
    """A context processor: `side_rooms`, which are read from the database when a template asks for them."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {"side_rooms": SimpleLazyObject(lambda: list(Room.objects.of(user).with_unread(user)))}
