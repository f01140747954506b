"""The messages that ask for a person's attention: unread ones, and those that mention them."""

from typing import Any, TypeVar

from django.db import models
from django.db.models import Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from proj.accounts.models import User
from proj.rooms.log.frames import Kind
from proj.rooms.models.event import Event, Seen

Rooms = TypeVar("Rooms", bound="QuerySet[Any]")

MAX_COUNTED_MESSAGES = 1000  # of one room; pages say "999+"


class Mention(models.Model):
    """The fact that message `seq` mentions a person; without a person, everybody with access (`@here`)."""

    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="mentions", db_index=False)
    seq = models.PositiveBigIntegerField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["room", "seq"], name="mention_of_message")]

    def __str__(self) -> str:
        return f"{self.user or 'everybody'} in {self.room} {self.seq}"


class Mute(models.Model):
    """The fact that a person has muted a room: only a mention of their name reaches them."""

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


def counted(rooms: Rooms, user: User) -> Rooms:
    """Annotate `rooms` for `user`.

    `unread` and `mentioned` are numbers of unseen messages of other people, at most MAX_COUNTED_MESSAGES; `muted` says
    whether `user` has muted the room; `read` is the newest event that they have seen.
    """
    seen = Seen.objects.filter(user=user, room=OuterRef("pk")).values("seq")
    posted = Event.objects.filter(kind=Kind.POSTED, deleted_at=None).exclude(author=user)
    unread = posted.filter(room=OuterRef("pk"), seq__gt=OuterRef("read"))
    quiet = Mute.objects.filter(user=user, room=OuterRef("room"))
    mentions = Mention.objects.filter(
        Q(user=user) | Q(user=None) & ~Exists(quiet),
        Exists(posted.filter(room=OuterRef("room"), seq=OuterRef("seq"))),
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
