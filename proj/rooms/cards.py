"""Cards: events of a room that stand for an object of another app, named by a reference such as `run:<id>`.

The room's log holds only the reference. The app draws the card for each person when it is shown, so no event, and no
frame for the whole room, holds anything that some of its people may not see.
"""

from collections.abc import Callable, Sequence

from proj.accounts.models import User
from proj.layer.messages import RoomFlash
from proj.rooms.log import frames

Drawer = Callable[[User, Sequence[str]], dict[str, str]]

_drawers: dict[str, Drawer] = {}


def register(kind: str, drawer: Drawer) -> None:
    """Register the function that draws cards `kind:<id>`: `drawer(person, ids)` returns HTML by id."""
    _drawers[kind] = drawer


def drawn(user: User, references: Sequence[str]) -> dict[str, str]:
    """Return these cards as `user` may see them now: HTML by reference. A card that no app can draw is left out."""
    by_kind: dict[str, list[str]] = {}
    for reference in references:
        kind, _, id = reference.partition(":")
        by_kind.setdefault(kind, []).append(id)
    return {
        f"{kind}:{id}": html
        for kind, ids in by_kind.items()
        if kind in _drawers
        for id, html in _drawers[kind](user, ids).items()
    }


def flash(room: int, reference: str, html: str) -> RoomFlash:
    """Return the message that tells a room that a card looks different now.

    `html` goes to everybody in the room. When it is empty, each page asks for the card as its person may see it.
    """
    frame = frames.encoded({"type": "card", "card": reference, "html": html})
    return RoomFlash(room=room, frame=frame)
