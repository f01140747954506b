"""The tables of rooms: one module for each subject, the room itself above them."""

from proj.rooms.models.attention import Mention, Mute
from proj.rooms.models.event import Event, Indexed, Seen
from proj.rooms.models.invitation import BadInvitation, Invitation
from proj.rooms.models.membership import Membership
from proj.rooms.models.room import FormerName, Room, RoomSet, new_epoch

__all__ = [
    "BadInvitation",
    "Event",
    "FormerName",
    "Indexed",
    "Invitation",
    "Membership",
    "Mention",
    "Mute",
    "Room",
    "RoomSet",
    "Seen",
    "new_epoch",
]
