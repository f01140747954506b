"""What asks for a person's attention: messages that they have not seen, and those that mention them."""

from typing import TYPE_CHECKING, Any, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from proj.rooms.log.frames import Kind

if TYPE_CHECKING:
    from proj.accounts.models import User

Rooms = TypeVar("Rooms", bound="QuerySet[Any]")

MOST = 1000  # counted in a room; pages say "999+"


class Mention(models.Model):
    """That message `seq` mentions a person; without one, everybody who may read it (`@here`)."""

    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="mentions", db_index=False)
    seq = models.PositiveBigIntegerField()
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, related_name="+", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["room", "seq"], name="mention_of_message")]

    def __str__(self) -> str:
        return f"{self.user or 'everybody'} in {self.room} {self.seq}"


class Mute(models.Model):
    """That a room is quiet for a person: only who calls them by name is heard."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="mutes", db_index=False)
    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="mutes")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "room"], name="mute_once")]

    def __str__(self) -> str:
        return f"{self.room} is quiet for {self.user}"


class Counted(Subquery):
    """How many rows a query finds; it looks at no more than the query's own limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def counted(rooms: Rooms, user: "User") -> Rooms:
    """Annotate rooms for `user`: `unread` and `mentioned` are numbers of messages by others that they have not seen,
    at most MOST; `muted` whether the room is quiet for them; `read` the newest event that they have seen.
    """
    seen = apps.get_model("rooms", "Seen").objects.filter(user=user, room=OuterRef("pk")).values("seq")
    posted = apps.get_model("rooms", "Event").objects.filter(kind=Kind.POSTED, deleted_at=None).exclude(author=user)
    unread = posted.filter(room=OuterRef("pk"), seq__gt=OuterRef("read"))
    quiet = Mute.objects.filter(user=user, room=OuterRef("room"))
    mentions = Mention.objects.filter(
        Q(user=user) | Q(user=None) & ~Exists(quiet),
        Exists(posted.filter(room=OuterRef("room"), seq=OuterRef("seq"))),
        room=OuterRef("pk"),
        seq__gt=OuterRef("read"),
    )
    # In order, so that PostgreSQL goes by the index to what is new, and not through all that was ever said.
    return rooms.annotate(
        read=Coalesce(Subquery(seen), Value(0)),
        muted=Exists(Mute.objects.filter(user=user, room=OuterRef("pk"))),
        unread=Counted(unread.order_by("seq").values("seq")[:MOST]),
        mentioned=Counted(mentions.order_by("seq").values("seq").distinct()[:MOST]),
    )
