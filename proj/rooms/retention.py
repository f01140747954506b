"""Deletes what a room need not keep any longer: the oldest part of its log, and never something in between.

So `seq` has no holes: `Room.pruned` says how far the log is gone, and a page that holds less loads the room anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from proj.rooms.log.frames import Kind
from proj.rooms.models import Event, Room, RoomSet

# What is younger stays, whatever the limits: mailboxes and pages that are a little behind still need it.
YOUNG = timedelta(hours=1)
PORTION = 1000  # events in one transaction, which others wait for


@dataclass(frozen=True, slots=True)
class Surplus:
    """What a room need not keep: `events` of them, up to number `seq` of its log, the newest written at `newest`."""

    room: Room
    seq: int
    events: int
    newest: datetime


def surplus(rooms: RoomSet) -> Iterator[Surplus]:
    """What these rooms need not keep, where there is something."""
    for room in rooms.exclude(keep_days=None, keep_messages=None):
        seq = _limit(room, room.keep_days, room.keep_messages)
        old = room.events.filter(seq__lte=seq)
        newest = old.order_by("-seq").first()
        if newest is not None:
            yield Surplus(room, seq, old.count(), newest.at)


def newly_over(room: Room, days: int | None, messages: int | None) -> int:
    """How many messages need not be kept with these limits, which the room keeps with the ones that it has."""
    kept, gone = _limit(room, room.keep_days, room.keep_messages), _limit(room, days, messages)
    return room.events.filter(kind=Kind.POSTED, seq__gt=kept, seq__lte=gone).count()


def prune(room: Room, seq: int) -> None:
    """Delete the log of `room` up to `seq`. Interrupted, it is gone on with the next time."""
    while True:
        with transaction.atomic():
            some = list(room.events.filter(seq__lte=seq).order_by("seq").values_list("seq", flat=True)[:PORTION])
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
    """The last `seq` that need not be kept with these limits; 0: everything must be."""
    now = timezone.now()
    limits = [0]
    if days is not None:
        limits.append(_before(room, now - timedelta(days=days)))
    if messages is not None:
        posted = room.events.filter(kind=Kind.POSTED).order_by("-seq").values_list("seq", flat=True)
        limits += posted[messages : messages + 1]
    return min(max(limits), _before(room, now - YOUNG))


def _before(room: Room, moment: datetime) -> int:
    """The last `seq` before which all was written before `moment`."""
    first = room.events.filter(at__gte=moment).order_by("seq").values_list("seq", flat=True).first()
    return room.seq if first is None else first - 1


def _forget_edits(room: Room, seq: int) -> None:
    """A message that is gone must not live on in its edits. Who replays them sees that it was deleted."""
    edits = Event.objects.filter(room=room, kind=Kind.EDITED, seq__gt=seq, target__lte=seq)
    edits.update(kind=Kind.DELETED, text="", html="")
