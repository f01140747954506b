"""Verbs on a room as a whole: create, rename, archive; and an administrator's removal of a message.

Each adds an event to the room's log. The caller checks the permission: `RoomSet.managed_by()` is the rule.
"""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.utils import timezone

from proj.accounts.limits.counting import NEW_ROOMS
from proj.accounts.models import User
from proj.rooms import names
from proj.rooms.log.frames import Kind
from proj.rooms.models import Event, FormerName, Membership, Room

T = TypeVar("T")


def create(by: User, name: str, *, members_only: bool) -> Room:
    """Create a room; `by` is its owner and first member. Raises names.BadRoomName, Room.NameTaken, TooOften."""
    room = Room(name=names.checked(name), members_only=members_only, owner=by)
    with transaction.atomic():
        NEW_ROOMS.spend(by)
        begin(room, by)
    return room


def begin(room: Room, by: User) -> None:
    """Store a new room, with `by` as its first member. Raises names.BadRoomName, Room.NameTaken."""
    with transaction.atomic():
        _take(room.name, None, by)
        _unless_taken(room.save, room.name, by)
        if room.members_only:
            Membership.objects.create(room=room, user=by)
        room.append(Kind.ROOM_CREATED, by, room.name)


def rename(room: Room, name: str, by: User) -> None:
    """Rename `room`; the former name leads to it from now on. Raises names.BadRoomName, Room.NameTaken."""
    name = names.checked(name)
    if name == room.name:
        return
    with transaction.atomic():
        _take(name, room, by)
        _unless_taken(lambda: Room.objects.filter(pk=room.pk).update(name=name, key=names.key(name)), name, by)
        if names.key(name) != room.key:
            FormerName.objects.update_or_create(key=room.key, defaults={"room": room})
        room.append(Kind.ROOM_RENAMED, by, name)
    room.name, room.key = name, names.key(name)


def archive(room: Room, by: User) -> None:
    """Close `room` for writing; it can still be read. Nothing happens when it is archived already."""
    with transaction.atomic():
        if Room.objects.filter(pk=room.pk, archived_at=None).update(archived_at=timezone.now()):
            room.append(Kind.ROOM_ARCHIVED, by)


def unarchive(room: Room, by: User) -> None:
    """Open `room` for writing again. Nothing happens when it is not archived."""
    with transaction.atomic():
        if Room.objects.filter(pk=room.pk, archived_at__isnull=False).update(archived_at=None):
            room.append(Kind.ROOM_UNARCHIVED, by)


def remove_message(room: Room, seq: int, by: User, reason: str) -> None:
    """Delete the text of message `seq` of any author; people in the room read the reason. Raises Event.DoesNotExist.

    Its edits lose their text, too. The administrator's pages have checked the permission of `by`.
    """
    with transaction.atomic():
        removed = room.append(Kind.REMOVED, by, reason, seq)  # first: it locks the room's log
        gone = {"text": "", "html": "", "reactions": ""}
        message = Event.objects.filter(room=room, seq=seq, kind=Kind.POSTED, deleted_at=None)
        if not message.update(deleted_at=removed.at, removal=reason, **gone):
            raise Event.DoesNotExist
        Event.objects.filter(room=room, target=seq, kind=Kind.EDITED).update(text="", html="")


def _take(name: str, room: Room | None, by: User) -> None:
    """Make `name` free for `room`, or for a new room: it no longer leads to the room that had it before."""
    key = names.key(name)
    others = Room.objects.exclude(pk=room.pk) if room else Room.objects.all()
    if others.filter(key=key).exists():
        raise Room.name_taken(by, key)
    FormerName.objects.filter(key=key).delete()


def _unless_taken(write: Callable[[], T], name: str, by: User) -> T:
    """Run `write()`. Another person may take the name at the same moment: raises Room.NameTaken."""
    try:
        with transaction.atomic():
            return write()
    except IntegrityError:
        raise Room.name_taken(by, names.key(name)) from None
