"""The events that ask for a person's attention: unread messages, and events that call the person.

A message calls the people that it mentions, and those with a keyword in it. The app of a card names the people that the
card calls.
"""

import json
from collections.abc import Iterable
from typing import Any, TypedDict, TypeVar

from django.db import models, transaction
from django.db.models import Count, Exists, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from proj.accounts.models import User
from proj.layer.messages import PersonFrame
from proj.layer.publish import publish
from proj.rooms.log.frames import CARDS, Kind
from proj.rooms.models.event import Event, Seen

Rooms = TypeVar("Rooms", bound="QuerySet[Any]")

MAX_COUNTED_MESSAGES = 1000  # of one room; pages say "999+"


class Mention(models.Model):
    """The fact that event `seq`, a message or a card, calls a person; without a person, everybody with access."""

    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="mentions", db_index=False)
    seq = models.PositiveBigIntegerField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["room", "seq"], name="mention_of_message")]

    def __str__(self) -> str:
        return f"{self.user or 'everybody'} in {self.room} {self.seq}"


class Mute(models.Model):
    """The fact that a person has muted a room: only their name, and runs that they started, call them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="mutes", db_index=False)
    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="mutes")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "room"], name="mute_once")]

    def __str__(self) -> str:
        return f"{self.room} is quiet for {self.user}"


class Counted(Subquery):
    """The number of rows that a query finds; the database reads no more of them than the query's own limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def call(room: int, seq: int, people: Iterable[int | None]) -> None:
    """Store that card event `seq` calls these people, by their ids; None: everybody that has not muted the room."""
    Mention.objects.bulk_create([Mention(room_id=room, seq=seq, user_id=one) for one in people])


def counted(rooms: Rooms, user: User) -> Rooms:
    """Annotate `rooms` for `user`.

    `unread` and `mentioned` are numbers of unseen messages of other people, and of unseen events that call `user`, at
    most MAX_COUNTED_MESSAGES; `muted` says whether `user` has muted the room; `read` is the newest event that they have
    seen.
    """
    seen = Seen.objects.filter(user=user, room=OuterRef("pk")).values("seq")
    posted = Event.objects.filter(kind=Kind.POSTED, deleted_at=None).exclude(author=user)
    unread = posted.filter(room=OuterRef("pk"), seq__gt=OuterRef("read"))
    quiet = Mute.objects.filter(user=user, room=OuterRef("room"))
    calling = Event.objects.filter(~Q(author=user) & Q(kind=Kind.POSTED, deleted_at=None) | Q(kind__in=CARDS))
    mentions = Mention.objects.filter(
        Q(user=user) | Q(user=None) & ~Exists(quiet),
        Exists(calling.filter(room=OuterRef("room"), seq=OuterRef("seq"))),
        room=OuterRef("pk"),
        seq__gt=OuterRef("read"),
    )
    # In order, so that PostgreSQL goes by the index to the new messages, and not through the whole log.
    return rooms.annotate(
        read=Coalesce(Subquery(seen), Value(0)),
        muted=Exists(Mute.objects.filter(user=user, room=OuterRef("pk"))),
        unread=Counted(unread.order_by("seq").values("seq")[:MAX_COUNTED_MESSAGES]),
        mentioned=Counted(mentions.order_by("seq").values("seq").distinct()[:MAX_COUNTED_MESSAGES]),
    )


class Backlog(TypedDict):
    """The unread messages of a person in one room: how many, and the `seq` and the time (ISO 8601) of the first."""

    count: int
    first: int
    at: str


def backlog(room: int, user: User, read: int | None, head: int) -> Backlog | None:
    """Return the unread messages of `user` in `room` after `read`, up to `head`; None when there are none.

    `count` is at most MAX_COUNTED_MESSAGES. Nothing is unread for a person that was never in the room (`read` is None).
    """
    if read is None or read >= head:
        return None
    posted = Event.objects.filter(room=room, kind=Kind.POSTED, deleted_at=None, seq__gt=read, seq__lte=head)
    unread = posted.exclude(author=user).order_by("seq").values("seq", "at")[:MAX_COUNTED_MESSAGES]
    found = unread.aggregate(count=Count("seq"), first=Min("seq"), since=Min("at"))
    if not found["count"]:
        return None
    return {"count": found["count"], "first": found["first"], "at": found["since"].isoformat()}


def read_mark(room: int, user: User) -> int | None:
    """Return the newest event of `room` that `user` has seen; None for a person that was never in the room."""
    return Seen.objects.filter(room=room, user=user).values_list("seq", flat=True).first()


def mark_unread(room: int, user: User, seq: int, head: int) -> Backlog | None:
    """Set the read mark of `user` before message `seq`, and tell all their pages. Return what is unread then.

    A read mark that is before `seq` already stays. Every page is told even then: it may have counted on meanwhile.
    """
    with transaction.atomic():
        seen, _ = Seen.objects.select_for_update().get_or_create(room_id=room, user=user, defaults={"seq": seq - 1})
        if seen.seq >= seq:
            seen.seq = seq - 1
            seen.save(update_fields=["seq"])
        unread = backlog(room, user, seen.seq, head)
        frame = {"type": "read", "room": room, "seq": seen.seq, "unread": unread}
        publish(PersonFrame(user=user.pk, frame=json.dumps(frame)))
    return unread
