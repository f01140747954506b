"""Cards: events of a room that stand for something another app knows, named by a reference such as `run:<id>`.

The room's log holds nothing but the reference. How a card looks to a person is asked of the app when it is shown, so
what may not be seen is in no event, and in no frame that the whole room gets.
"""

from collections.abc import Callable, Sequence

from proj.accounts.models import User
from proj.layer.messages import RoomFlash

Drawer = Callable[[User, Sequence[str]], dict[str, str]]

_drawers: dict[str, Drawer] = {}


def register(kind: str, drawer: Drawer) -> None:
    """Have cards `kind:<id>` drawn by `drawer(person, ids)`, which returns HTML by id."""
    _drawers[kind] = drawer


def drawn(user: User, references: Sequence[str]) -> dict[str, str]:
    """How these cards look to `user` now: HTML by reference. What nobody can draw is left out."""
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
    from proj.rooms.log import frames

    frame = frames.encoded({"type": "card", "card": reference, "html": html})
    return RoomFlash(room=room, frame=frame)
