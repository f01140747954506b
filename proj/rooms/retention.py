"""Deletes the part of a room's log that is over its limits: always the oldest events, and never one in between.

So `seq` has no holes: `Room.pruned` is the last deleted event, and a page that is behind it loads the room again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from proj.rooms.log.frames import Kind
from proj.rooms.models import Event, Room, RoomSet

# Younger events stay under all limits: sockets and pages that are a little behind still need them.
MIN_AGE = timedelta(hours=1)
EVENTS_PER_TRANSACTION = 1000  # writers wait for the transaction


@dataclass(frozen=True, slots=True)
class Surplus:
    """The part of a room's log over its limits: `events` events up to `seq`, the newest written at `newest`."""

    room: Room
    seq: int
    events: int
    newest: datetime


def surplus(rooms: RoomSet) -> Iterator[Surplus]:
    """Yield the surplus of those rooms that have any."""
    for room in rooms.exclude(keep_days=None, keep_messages=None):
        seq = _limit(room, room.keep_days, room.keep_messages)
        old = room.events.filter(seq__lte=seq)
        newest = old.order_by("-seq").first()
        if newest is not None:
            yield Surplus(room, seq, old.count(), newest.at)


def newly_over(room: Room, days: int | None, messages: int | None) -> int:
    """Return how many messages the new limits delete that the room's present limits keep."""
    kept, gone = _limit(room, room.keep_days, room.keep_messages), _limit(room, days, messages)
    return room.events.filter(kind=Kind.POSTED, seq__gt=kept, seq__lte=gone).count()


def prune(room: Room, seq: int) -> None:
    """Delete the log of `room` up to `seq`. The next call continues an interrupted one."""
    while True:
        with transaction.atomic():
            oldest = room.events.filter(seq__lte=seq).order_by("seq").values_list("seq", flat=True)
            some = list(oldest[:EVENTS_PER_TRANSACTION])
            if not some:
                return
            Room.objects.filter(pk=room.pk, pruned__lt=some[-1]).update(pruned=some[-1])
            room.events.filter(seq__lte=some[-1]).delete()
            _forget_edits(room, some[-1])


def prune_all() -> None:
    """Prune every room that has limits."""
    for found in surplus(Room.objects.all()):
        prune(found.room, found.seq)


def _limit(room: Room, days: int | None, messages: int | None) -> int:
    """Return the last `seq` over these limits, 0 for none."""
    now = timezone.now()
    limits = [0]
    if days is not None:
        limits.append(_before(room, now - timedelta(days=days)))
    if messages is not None:
        posted = room.events.filter(kind=Kind.POSTED).order_by("-seq").values_list("seq", flat=True)
        limits += posted[messages : messages + 1]
    return min(max(limits), _before(room, now - MIN_AGE))


def _before(room: Room, moment: datetime) -> int:
    """Return the last `seq` up to which every event was written before `moment`."""
    first = room.events.filter(at__gte=moment).order_by("seq").values_list("seq", flat=True).first()
    return room.seq if first is None else first - 1


def _forget_edits(room: Room, seq: int) -> None:
    """Turn the edits of deleted messages into deletions, so that the messages do not live on in them."""
    edits = Event.objects.filter(room=room, kind=Kind.EDITED, seq__gt=seq, target__lte=seq)
    edits.update(kind=Kind.DELETED, text="", html="")
