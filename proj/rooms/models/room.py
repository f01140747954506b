"""A room: its settings, its members and the one log of events that everyone in it reads."""

import contextlib
import secrets
import uuid
from collections.abc import Callable
from typing import Any, ClassVar, Self

from django.db import IntegrityError, models, transaction
from django.db.models import Q, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from proj.accounts.access import AccessSet
from proj.accounts.limits.counting import INVITATIONS, NEW_ROOMS
from proj.accounts.models import User
from proj.rooms import names
from proj.rooms.errors import RoomError
from proj.rooms.log import frames, writing
from proj.rooms.log.commands import Command, Outcome, Verb
from proj.rooms.models import attention
from proj.rooms.models.attention import Mute
from proj.rooms.models.event import Event
from proj.rooms.models.membership import Membership, people_to_offer


def new_epoch() -> str:
    """Return a new name for one unbroken life of a room's log; a restored backup begins another."""
    return secrets.token_hex(4)


class RoomSet(AccessSet["Room"]):
    """Queries for the rooms that one person may see, join or manage."""

    access_fields = frozenset({"members_only", "hidden"})

    def of(self, user: User) -> Self:
        """Return the rooms that `user` may list, read and post in. A forbidden room cannot be found through it."""
        return self.open_to(user).filter(hidden=False, archived_at=None)

    def open_to(self, user: User) -> Self:
        """Return the rooms of `of()` and the unlisted ones: archived rooms, and the program's own."""
        mine = Membership.objects.filter(user=user).values("room")
        return self.filter(Q(members_only=False, hidden=False) | Q(pk__in=mine))

    def joined_by(self, user: User) -> Self:
        """Return the members-only rooms that `user` is in: every member may bring others in, and may leave."""
        mine = Membership.objects.filter(user=user).values("room")
        return self.filter(pk__in=mine, members_only=True, hidden=False)

    def managed_by(self, user: User) -> Self:
        """Return the rooms that `user` may rename, archive, prune and remove members from.

        These are the rooms that they own. An administrator manages every room that they may be in.
        """
        rooms = self.open_to(user).filter(hidden=False)
        return rooms if user.is_staff else rooms.filter(owner=user)

    def with_unread(self, user: User) -> Self:
        """Annotate the rooms with the counts of `attention.counted()`: `unread`, `mentioned`, `muted`, `read`."""
        return attention.counted(self, user)


class Room(models.Model):
    """A place to talk: an event log that everyone in it reads in the same order."""

    class NoAccess(RoomError):
        """The person may be in the room, and may not do this with it."""

        message = _("You may not do this in this room.")

    class NameTaken(RoomError):
        """Another room has this name."""

        message = _("There is a room with this name already.")

    class NameRefused(NameTaken):
        """The name is taken by a room that the person may not know of: the message tells nothing about it."""

        message = _("This name cannot be used. Choose another one.")

    name = models.CharField(max_length=names.MAX_NAME_CHARACTERS)
    key = models.CharField(
        max_length=names.MAX_KEY_CHARACTERS, unique=True, editable=False, help_text="the name as it is compared"
    )
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
        # an old name stays although the rules have changed
        self.name = (names.composed if names.key(self.name) == self.key else names.checked)(self.name)
        self.key = names.key(self.name)
        with transaction.atomic():  # with the record of a change of access
            super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("rooms:room", args=[self.name])

    @property
    def for_members(self) -> bool:
        """Return whether only members may be in the room."""
        return self.members_only or self.hidden

    @classmethod
    def called(cls, user: User, name: str, among: "Callable[[User], RoomSet] | None" = None) -> "Room":
        """Return the room that has this name or had it before, if it is in `among(user)` (default: `open_to`).

        Raises Room.DoesNotExist for any room that `user` may not be in: the person must not know of it. Raises
        Room.NoAccess for a room of `open_to` that is not in `among`, and names.BadRoomName.
        """
        key = names.key(name)
        known = cls.objects.open_to(user)
        room = known.filter(key=key).first() or known.get(former_names__key=key)
        if among is not None and not among(user).filter(pk=room.pk).exists():
            raise cls.NoAccess
        return room

    @classmethod
    def visit(cls, user: User, name: str) -> "Room":
        """Return the room of this name as `called()` does, or create it, open to everyone. It takes no former name.

        Raises names.BadRoomName, Room.NameTaken, and TooOften instead of creating one room too many.
        """
        with contextlib.suppress(cls.DoesNotExist):
            return cls.called(user, name)
        room = cls(name=names.checked(name), owner=user)
        key = names.key(room.name)
        if not cls.objects.filter(Q(key=key) | Q(former_names__key=key)).exists():
            with contextlib.suppress(IntegrityError), transaction.atomic():
                NEW_ROOMS.spend(user)
                room.save()
                return room
        try:
            return cls.called(user, name)  # another person was faster
        except cls.DoesNotExist:
            raise cls.NameRefused from None

    @classmethod
    def name_taken(cls, user: User, key: str) -> "Room.NameTaken":
        """Return the error for `user` that a room has this key."""
        return cls.NameTaken() if cls.objects.open_to(user).filter(key=key).exists() else cls.NameRefused()

    def post(self, author: User, text: str, client_id: str | None = None) -> Outcome:
        """Store a message and publish it to the room after the commit. Works without Redis and without a worker."""
        return self._write("post", author, client_id, text=text)

    def edit(self, author: User, seq: int, text: str, client_id: str | None = None) -> Outcome:
        """Change the author's own message `seq`."""
        return self._write("edit", author, client_id, text=text, target=seq)

    def delete_message(self, author: User, seq: int, client_id: str | None = None) -> Outcome:
        """Delete the text of the author's own message `seq`; its place in the log stays."""
        return self._write("delete", author, client_id, target=seq)

    def react(self, author: User, seq: int, emoji: str, *, on: bool = True, client_id: str | None = None) -> Outcome:
        """Add the author's reaction to message `seq`, or take it back."""
        return self._write("react" if on else "unreact", author, client_id, text=emoji, target=seq)

    def mark_seen(self, user: User, seq: int) -> Outcome:
        """Record that `user` has seen everything up to `seq`."""
        return self._write("seen", user, None, target=seq)

    def mark_unread(self, user: User, seq: int) -> attention.Backlog | None:
        """Mark message `seq` and all later ones as unread for `user`; return what is unread then."""
        return attention.mark_unread(self.pk, user, seq, self.seq)

    def unread_by(self, user: User, read: int | None = None) -> attention.Backlog | None:
        """Return the messages that `user` has not read, or those after `read`; None when there are none."""
        return attention.backlog(self.pk, user, attention.read_mark(self.pk, user) if read is None else read, self.seq)

    def mute(self, user: User, *, on: bool = True) -> None:
        """Mute the room for `user`, or unmute it. A repeated call changes nothing."""
        if on:
            Mute.objects.get_or_create(room=self, user=user)
        else:
            Mute.objects.filter(room=self, user=user).delete()

    def _write(self, verb: Verb, author: User, client_id: str | None, *, text: str = "", target: int = 0) -> Outcome:
        command = Command(verb, self.pk, author.pk, client_id or str(uuid.uuid4()), text, target)
        return writing.write_and_publish([command])[0]

    def add_member(self, user: User, by: User) -> None:
        """Make `user` a member. Nothing happens when they are one already."""
        with transaction.atomic():
            if Membership.objects.get_or_create(room=self, user=user)[1]:
                self.append(frames.Kind.MEMBER_ADDED, by, user.username)

    def invite(self, user: User, by: User) -> None:
        """Let a member bring another person in. Raises TooOften."""
        with transaction.atomic():
            INVITATIONS.spend(by)
            self.add_member(user, by)

    def remove_member(self, user: User, by: User) -> None:
        """End the membership of `user`, by themselves or by another person. Nothing happens when they are no member.

        The links of a person that leaves end; when a member is removed, all links end, since they may know them.
        The ownership of the room passes to its eldest member.
        """
        with transaction.atomic():
            if not Membership.objects.filter(room=self, user=user).delete()[0]:
                return
            self.invitations.end(None if user != by else user)
            heir = self.memberships.order_by("since", "pk").values("user")[:1]
            Room.objects.filter(pk=self.pk, owner=user).update(owner=Subquery(heir))
            self.append(frames.Kind.MEMBER_REMOVED, by, user.username)

    def keep(self, days: int | None, messages: int | None) -> None:
        """Limit the log to so many days and so many messages; None: no limit. The clock deletes the surplus later."""
        self.keep_days, self.keep_messages = days, messages
        Room.objects.filter(pk=self.pk).update(keep_days=days, keep_messages=messages)

    def append(self, kind: frames.Kind, by: User, text: str = "", target: int | None = None) -> Event:
        """Add an event that no socket has sent to the log, and publish it to the room after the commit."""
        written = writing.append(
            self.pk, kind, by.pk, by.username, client_id=str(uuid.uuid4()), text=text, target=target
        )
        return self.events.get(seq=written.seq)

    def people(self, limit: int) -> dict[str, str]:
        """Return at most `limit` people with access to the room: display names ("" for none) by sign-in name."""
        able = people_to_offer()
        if self.for_members:
            able = able.filter(memberships__room=self)
        return dict(able.order_by("username").values_list("username", "display_name")[:limit])

    def messages_before(self, before: int | None, limit: int) -> list[Event]:
        """Return at most `limit` messages, cards and happenings below `before` (or the newest ones), oldest first."""
        messages = self.events.filter(kind__in=frames.IN_HISTORY).select_related("author").order_by("-seq")
        if before is not None:
            messages = messages.filter(seq__lt=before)
        return list(reversed(messages[:limit]))

    def messages_after(self, after: int, limit: int) -> list[Event]:
        """Return at most `limit` messages, cards and happenings with a `seq` above `after`, oldest first."""
        messages = self.events.filter(kind__in=frames.IN_HISTORY, seq__gt=after)
        return list(messages.select_related("author").order_by("seq")[:limit])

    def events_after(self, seq: int, limit: int) -> list[Event]:
        """Return at most `limit` events after `seq`, in order."""
        return list(self.events.filter(seq__gt=seq).select_related("author").order_by("seq")[:limit])

    def seen_by(self) -> list[tuple[str, int]]:
        """Return the readers' positions: sign-in names, each with the last `seq` that the person has seen."""
        return list(self.seen.values_list("user__username", "seq").order_by("user__username"))


class FormerName(models.Model):
    """A name that a room had before. It leads to the room until another room takes the name."""

    key = models.CharField(max_length=names.MAX_KEY_CHARACTERS, unique=True)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="former_names")

    def __str__(self) -> str:
        return f"{self.key} is {self.room} now"
