"""Rooms, who may be in them, and the one log of events that each of them has."""

import json
import secrets
import uuid
from collections.abc import Callable
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import Q, Subquery
from django.urls import reverse
from django.utils import timezone

from proj.accounts.models import User
from proj.rooms import attention, names
from proj.rooms.attention import Mention, Mute
from proj.rooms.invitations import Invitation
from proj.rooms.log import frames, writing
from proj.rooms.log.commands import Command, Outcome, Verb

__all__ = ["Event", "FormerName", "Invitation", "Membership", "Room", "RoomSet", "Seen"]

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

    def joined_by(self, user: User) -> Self:
        """The members-only rooms that `user` is in: every member may bring others in, and may leave."""
        mine = Membership.objects.filter(user=user).values("room")
        return self.filter(pk__in=mine, members_only=True, hidden=False)

    def managed_by(self, user: User) -> Self:
        """The rooms that `user` may rename, archive, prune and remove members from: their owner, and administrators
        who may be in them."""
        rooms = self.open_to(user).filter(hidden=False)
        return rooms if user.is_staff else rooms.filter(owner=user)

    def with_unread(self, user: User) -> Self:
        """Annotate what asks for the attention of `user`: `unread`, `mentioned`, `muted`, `read`."""
        return attention.counted(self, user)


class Room(models.Model):
    """A place to talk: an event log that everyone in it sees in the same order."""

    class NoAccess(Exception):
        """The room is for its members only."""

    class NameTaken(Exception):
        """Another room has this name."""

    name = models.CharField(max_length=100)
    key = models.CharField(max_length=200, unique=True, editable=False, help_text="the name as it is compared")
    members_only = models.BooleanField(default=False)
    hidden = models.BooleanField(default=False, help_text="belongs to the machinery, not shown to people")
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="owned_rooms")
    archived_at = models.DateTimeField(null=True, blank=True)
    keep_days = models.PositiveIntegerField(null=True, blank=True, help_text="older messages are deleted; empty: never")
    keep_messages = models.PositiveIntegerField(null=True, blank=True, help_text="more are deleted; empty: never")
    pruned = models.PositiveBigIntegerField(
        default=0, db_default=0, editable=False, help_text="events up to this one are gone"
    )
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
    def called(cls, user: User, name: str, among: "Callable[[User], RoomSet] | None" = None) -> "Room":
        """The room that has that name, or had it before, if it is `among` those of `user` (else: open to them).

        Raises Room.DoesNotExist, Room.NoAccess or names.BadRoomName.
        """
        key = names.key(name)
        room = cls.objects.filter(key=key).first() or cls.objects.get(former_names__key=key)
        if not (among or cls.objects.open_to)(user).filter(pk=room.pk).exists():
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
            fresh = {"name": name, "owner": user}
            return cls.objects.get_or_create(key=names.key(names.checked(name)), defaults=fresh)[0]

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
        return writing.write_and_publish([command])[0]

    def add_member(self, user: User, by: User) -> None:
        """Let `user` in. Nothing happens when they are in already."""
        with transaction.atomic():
            if Membership.objects.get_or_create(room=self, user=user)[1]:
                self.append(frames.Kind.MEMBER_ADDED, by, user.username)

    def remove_member(self, user: User, by: User) -> None:
        """Take `user` out of the room, or let them leave. Nothing happens when they are not in it.

        Links that they made, or may know of when they were put out, end. What they owned passes to the eldest member.
        """
        with transaction.atomic():
            if not Membership.objects.filter(room=self, user=user).delete()[0]:
                return
            self.invitations.end(None if user != by else user)
            heir = self.memberships.order_by("since", "pk").values("user")[:1]
            Room.objects.filter(pk=self.pk, owner=user).update(owner=Subquery(heir))
            self.append(frames.Kind.MEMBER_REMOVED, by, user.username)

    def keep(self, days: int | None, messages: int | None) -> None:
        """Keep messages for so many days, and so many of them; None: all. What is more goes soon, and not at once."""
        self.keep_days, self.keep_messages = days, messages
        Room.objects.filter(pk=self.pk).update(keep_days=days, keep_messages=messages)

    def append(self, kind: frames.Kind, by: User, text: str = "", target: int | None = None) -> "Event":
        """Add an event to the log that no socket asked for, and tell the room after the commit."""
        written = writing.append(
            self.pk, kind, by.pk, by.username, client_id=str(uuid.uuid4()), text=text, target=target
        )
        return self.events.get(seq=written.seq)

    def people(self, limit: int) -> dict[str, str]:
        """At most `limit` people who may be in it, by name: each with their display name, "" where they have none."""
        able = User.objects.filter(is_active=True)
        if self.for_members:
            able = able.filter(memberships__room=self)
        return dict(able.order_by("username").values_list("username", "display_name")[:limit])

    def messages_before(self, before: int | None, limit: int) -> list["Event"]:
        """At most `limit` messages, cards and happenings below `before` (or the newest ones), oldest first."""
        messages = self.events.filter(kind__in=frames.IN_HISTORY).select_related("author").order_by("-seq")
        if before is not None:
            messages = messages.filter(seq__lt=before)
        return list(reversed(messages[:limit]))

    def messages_after(self, after: int, limit: int) -> list["Event"]:
        """At most `limit` messages, cards and happenings with a `seq` above `after`, oldest first."""
        messages = self.events.filter(kind__in=frames.IN_HISTORY, seq__gt=after)
        return list(messages.select_related("author").order_by("seq")[:limit])

    def events_after(self, seq: int, limit: int) -> list["Event"]:
        """At most `limit` events that came after `seq`, in order."""
        return list(self.events.filter(seq__gt=seq).select_related("author").order_by("seq")[:limit])

    def seen_by(self) -> list[tuple[str, int]]:
        """Who has seen how much: names and the last `seq` each has seen."""
        return list(self.seen.values_list("user__username", "seq").order_by("user__username"))


class FormerName(models.Model):
    """A name that a room had before: whoever comes by it finds the room, until another room takes the name."""

    key = models.CharField(max_length=200, unique=True)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="former_names")

    def __str__(self) -> str:
        return f"{self.key} is {self.room} now"


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
    removal = models.TextField(blank=True, default="", db_default="", help_text="why an administrator removed it")

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
            name=self.author.display_name,
            html=self.html,
            message=self.target,
            edited=self.edited_at,
            deleted=self.deleted_at,
            removed=self.removal,
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
