"""What is done to a room as a whole: made, renamed, archived; and a message removed from it by an administrator.

Each is an event in the room's log. Who may do it is asked at the door: RoomSet.managed_by() in models.py is the rule.
"""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.utils import timezone

from proj.accounts.models import User
from proj.rooms import names
from proj.rooms.log.frames import Kind
from proj.rooms.models import Event, FormerName, Membership, Room

T = TypeVar("T")


def create(by: User, name: str, *, members_only: bool) -> Room:
    """Make a room that belongs to `by`, who is its first member. Raises names.BadRoomName, Room.NameTaken."""
    room = Room(name=names.checked(name), members_only=members_only, owner=by)
    begin(room, by)
    return room


def begin(room: Room, by: User) -> None:
    """Store a room that is not there yet, with `by` as its first member. Raises names.BadRoomName, Room.NameTaken."""
    with transaction.atomic():
        _take(room.name, None)
        _unless_taken(room.save)
        if room.members_only:
            Membership.objects.create(room=room, user=by)
        room.append(Kind.ROOM_CREATED, by, room.name)


def rename(room: Room, name: str, by: User) -> None:
    """Call `room` by another name; the one it had leads to it from now on. Raises names.BadRoomName, Room.NameTaken."""
    name = names.checked(name)
    if name == room.name:
        return
    with transaction.atomic():
        _take(name, room)
        _unless_taken(lambda: Room.objects.filter(pk=room.pk).update(name=name, key=names.key(name)))
        if names.key(name) != room.key:
            FormerName.objects.update_or_create(key=room.key, defaults={"room": room})
        room.append(Kind.ROOM_RENAMED, by, name)
    room.name, room.key = name, names.key(name)


def archive(room: Room, by: User) -> None:
    """From now on `room` can be read, and nobody can write in it. Nothing happens when it is archived already."""
    with transaction.atomic():
        if Room.objects.filter(pk=room.pk, archived_at=None).update(archived_at=timezone.now()):
            room.append(Kind.ROOM_ARCHIVED, by)


def unarchive(room: Room, by: User) -> None:
    """Take it back."""
    with transaction.atomic():
        if Room.objects.filter(pk=room.pk, archived_at__isnull=False).update(archived_at=None):
            room.append(Kind.ROOM_UNARCHIVED, by)


def remove_message(room: Room, seq: int, by: User, reason: str) -> None:
    """Take message `seq` away, whoever wrote it; people in the room see why. Raises Event.DoesNotExist.

    Its text is gone from every edit, too. Whether `by` may do this, the administrator's pages have asked.
    """
    with transaction.atomic():
        removed = room.append(Kind.REMOVED, by, reason, seq)  # first: it locks the room's log
        gone = {"text": "", "html": "", "reactions": ""}
        message = Event.objects.filter(room=room, seq=seq, kind=Kind.POSTED, deleted_at=None)
        if not message.update(deleted_at=removed.at, removal=reason, **gone):
            raise Event.DoesNotExist
        Event.objects.filter(room=room, target=seq, kind=Kind.EDITED).update(text="", html="")


def _take(name: str, room: Room | None) -> None:
    """Make `name` free for `room`, or for a new one: a name in use leads to who uses it, and no longer to who did."""
    key = names.key(name)
    others = Room.objects.exclude(pk=room.pk) if room else Room.objects.all()
    if others.filter(key=key).exists():
        raise Room.NameTaken(Room.NameTaken.__doc__)
    FormerName.objects.filter(key=key).delete()


def _unless_taken(write: Callable[[], T]) -> T:
    """Somebody else may take the name at the same moment."""
    try:
        with transaction.atomic():
            return write()
    except IntegrityError:
        raise Room.NameTaken(Room.NameTaken.__doc__) from None
