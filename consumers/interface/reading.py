"""What the interface reads from rooms' logs, for all its sockets. Synchronous: to be asked through database.ask()."""

from collections.abc import Iterable
from dataclasses import dataclass

from proj.rooms.frames import encoded
from proj.rooms.models import Room


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a room's log: its head and epoch, and events as (seq, frame) in order."""

    epoch: str
    head: int
    events: list[tuple[int, str]]


def after(room_id: int, seq: int, limit: int) -> Page:
    """The head, and at most `limit` events after `seq` up to that head. Raises Room.DoesNotExist."""
    room = Room.objects.only("epoch", "seq").get(pk=room_id)
    events = room.events_after(seq, limit) if seq < room.seq else []
    return Page(room.epoch, room.seq, [(e.seq, encoded(e.frame())) for e in events if e.seq <= room.seq])


def head(room_id: int) -> Page:
    """The head alone."""
    room = Room.objects.only("epoch", "seq").get(pk=room_id)
    return Page(room.epoch, room.seq, [])


def heads(room_ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Head and epoch of many rooms."""
    rows = Room.objects.filter(pk__in=list(room_ids)).values_list("pk", "seq", "epoch")
    return {id: (seq, epoch) for id, seq, epoch in rows}
