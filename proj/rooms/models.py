"""Rooms, who may be in them, and the one log of events that each of them has."""

import json
import secrets
import uuid
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from proj.accounts.models import User
from proj.rooms import attention, frames, log, names
from proj.rooms.attention import Mention, Mute
from proj.rooms.commands import Command, Outcome, Verb

__all__ = ["Event", "Indexed", "Membership", "Mention", "Mute", "Room", "Seen"]


def new_epoch() -> str:
    """A name for one unbroken life of a room's log; a restored backup begins another."""
    return secrets.token_hex(4)


class RoomSet(models.QuerySet["Room"]):
    """Rooms as one person may see them."""

    def of(self, user: User) -> Self:
        """The rooms that `user` may list, read and post in. A forbidden one cannot be found through it."""
        return self.open_to(user).filter(hidden=False, archived_at=None)

    def open_to(self, user: User) -> Self:
        """As of(), with those that are not listed: archived ones, and the machinery's own."""
        mine = Membership.objects.filter(user=user).values("room")
        return self.filter(Q(members_only=False, hidden=False) | Q(pk__in=mine))

    def with_unread(self, user: User) -> Self:
        """Annotate what asks for the attention of `user`: `unread`, `mentioned`, `muted`, `read`."""
        return attention.counted(self, user)


class Room(models.Model):
    """A place to talk: an event log that everyone in it sees in the same order."""

    class NoAccess(Exception):
        """The room is for its members only."""

    name = models.CharField(max_length=100)
    key = models.CharField(max_length=200, unique=True, editable=False, help_text="the name as it is compared")
    members_only = models.BooleanField(default=False)
    hidden = models.BooleanField(default=False, help_text="belongs to the machinery, not shown to people")
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    epoch = models.CharField(max_length=16, default=new_epoch, editable=False)
    seq = models.PositiveBigIntegerField(default=0, editable=False, help_text="the newest event's number")

    objects: ClassVar[models.Manager["Room"]] = models.Manager.from_queryset(RoomSet)()

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name = names.checked(self.name)
        self.key = names.key(self.name)
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("rooms:room", args=[self.name])

    @property
    def for_members(self) -> bool:
        """Whether only its members may be in it."""
        return self.members_only or self.hidden

    @classmethod
    def called(cls, user: User, name: str) -> "Room":
        """The room of that name, if `user` may be in it. Raises Room.DoesNotExist or Room.NoAccess."""
        room = cls.objects.get(key=names.key(name))
        if not cls.objects.open_to(user).filter(pk=room.pk).exists():
            raise cls.NoAccess(cls.NoAccess.__doc__)
        return room

    @classmethod
    def visit(cls, user: User, name: str) -> "Room":
        """As called(), but a room that is not there yet is made, open to everyone.

        Raises names.BadRoomName, Room.NoAccess.
        """
        try:
            return cls.called(user, name)
        except cls.DoesNotExist:
            return cls.objects.get_or_create(key=names.key(names.checked(name)), defaults={"name": name})[0]

    def post(self, author: User, text: str, client_id: str | None = None) -> Outcome:
        """Store a message and tell the room after the commit. Works without Redis and without a worker."""
        return self._write("post", author, client_id, text=text)

    def edit(self, author: User, seq: int, text: str, client_id: str | None = None) -> Outcome:
        """Change the author's own message `seq`."""
        return self._write("edit", author, client_id, text=text, target=seq)

    def delete_message(self, author: User, seq: int, client_id: str | None = None) -> Outcome:
        """Take the author's own message `seq` away: its text is gone, its place stays."""
        return self._write("delete", author, client_id, target=seq)

    def react(self, author: User, seq: int, emoji: str, *, on: bool = True, client_id: str | None = None) -> Outcome:
        """Add the author's reaction to message `seq`, or take it back."""
        return self._write("react" if on else "unreact", author, client_id, text=emoji, target=seq)

    def mark_seen(self, user: User, seq: int) -> Outcome:
        """Note that `user` has seen everything up to `seq`."""
        return self._write("seen", user, None, target=seq)

    def mute(self, user: User, *, on: bool = True) -> None:
        """Let the room be quiet for `user`, or no more. Doing it again changes nothing."""
        if on:
            Mute.objects.get_or_create(room=self, user=user)
        else:
            Mute.objects.filter(room=self, user=user).delete()

    def _write(self, verb: Verb, author: User, client_id: str | None, *, text: str = "", target: int = 0) -> Outcome:
        command = Command(verb, self.pk, author.pk, client_id or str(uuid.uuid4()), text, target)
        return log.write_and_publish([command])[0]

    def add_member(self, user: User, by: User) -> None:
        """Let `user` in. Nothing happens when they are in already."""
        with transaction.atomic():
            if Membership.objects.get_or_create(room=self, user=user)[1]:
                self._append(frames.Kind.MEMBER_ADDED, by, user.username)

    def remove_member(self, user: User, by: User) -> None:
        """Take `user` out of the room. Nothing happens when they are not in it."""
        with transaction.atomic():
            if Membership.objects.filter(room=self, user=user).delete()[0]:
                self._append(frames.Kind.MEMBER_REMOVED, by, user.username)

    def _append(self, kind: frames.Kind, by: User, text: str) -> None:
        log.append(self.pk, kind, by.pk, by.username, client_id=str(uuid.uuid4()), text=text)

    def people(self, limit: int) -> list[str]:
        """The names of at most `limit` people who may be in it, in order."""
        able = User.objects.filter(is_active=True)
        if self.for_members:
            able = able.filter(memberships__room=self)
        return list(able.order_by("username").values_list("username", flat=True)[:limit])

    def messages_before(self, before: int | None, limit: int) -> list["Event"]:
        """At most `limit` messages with a `seq` below `before` (or the newest ones), oldest first."""
        messages = self.events.filter(kind=frames.Kind.POSTED).select_related("author").order_by("-seq")
        if before is not None:
            messages = messages.filter(seq__lt=before)
        return list(reversed(messages[:limit]))

    def messages_after(self, after: int, limit: int) -> list["Event"]:
        """At most `limit` messages with a `seq` above `after`, oldest first."""
        messages = self.events.filter(kind=frames.Kind.POSTED, seq__gt=after).select_related("author").order_by("seq")
        return list(messages[:limit])

    def events_after(self, seq: int, limit: int) -> list["Event"]:
        """At most `limit` events that came after `seq`, in order."""
        return list(self.events.filter(seq__gt=seq).select_related("author").order_by("seq")[:limit])

    def seen_by(self) -> list[tuple[str, int]]:
        """Who has seen how much: names and the last `seq` each has seen."""
        return list(self.seen.values_list("user__username", "seq").order_by("user__username"))


class Membership(models.Model):
    """That a person is in a members-only room."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    since = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "room"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.room}"


class Event(models.Model):
    """Something that changed a room. A message is the event that posted it, and holds its present text."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveBigIntegerField(help_text="its number in the room, without holes")
    kind = models.CharField(max_length=20, choices=frames.Kind.choices)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="events")
    client_id = models.CharField(max_length=36, help_text="the author's own name for it")
    text = models.TextField(blank=True)
    html = models.TextField(blank=True, default="", db_default="", help_text="what markup.py made of the text")
    reactions = models.TextField(blank=True, default="", db_default="", help_text="JSON: emoji to names, in order")
    target = models.PositiveBigIntegerField(null=True, help_text="the message that was edited or deleted")
    at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "seq"], name="event_seq_once"),
            # client_id first: the look-up for repeats has many of them and one index probe for each
            models.UniqueConstraint(fields=["client_id", "author"], name="event_client_id_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.seq}"

    def frame(self) -> dict[str, Any]:
        """The event in the protocol's form, with the message's present state."""
        return frames.event(
            self.kind,
            self.seq,
            self.author.username,
            self.text,
            self.at,
            self.client_id,
            html=self.html,
            message=self.target,
            edited=self.edited_at,
            deleted=self.deleted_at,
            reactions=json.loads(self.reactions) if self.reactions else None,
        )


class Seen(models.Model):
    """How far a person has read a room."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="seen")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="seen")
    seq = models.PositiveBigIntegerField()

    class Meta:
        verbose_name_plural = "seen"
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="seen_once")]

    def __str__(self) -> str:
        return f"{self.user} has seen {self.room} up to {self.seq}"


class Indexed(models.Model):
    """How far a room's log is in the index of words."""

    room = models.OneToOneField(Room, on_delete=models.CASCADE, primary_key=True, related_name="indexed")
    seq = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.room} up to {self.seq}"
