"""What the interface reads from rooms' logs, for all its sockets. Synchronous: to be asked through database.ask()."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from proj.rooms.frames import encoded
from proj.rooms.models import Room


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a room's log: its head and epoch, and events as (seq, frame) in order."""

    epoch: str
    head: int
    events: list[tuple[int, str]]
    seen: dict[str, int] = field(default_factory=dict)  # who has seen how much


def after(room_id: int, seq: int | None, limit: int = 0, *, seen: bool = False) -> Page:
    """The head, and at most `limit` events after `seq` up to that head; none when `seq` is None.

    Raises Room.DoesNotExist.
    """
    room = Room.objects.only("epoch", "seq").get(pk=room_id)
    events = room.events_after(seq, limit) if seq is not None and seq < room.seq else []
    frames = [(event.seq, encoded(event.frame())) for event in events if event.seq <= room.seq]
    return Page(room.epoch, room.seq, frames, dict(room.seen_by()) if seen else {})


def heads(room_ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Head and epoch of many rooms."""
    rows = Room.objects.filter(pk__in=list(room_ids)).values_list("pk", "seq", "epoch")
    return {id: (seq, epoch) for id, seq, epoch in rows}
