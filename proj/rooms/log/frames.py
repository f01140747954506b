"""Events in the form of the protocol's frames: JSON text, built once. docs/protocol.md is the specification."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypedDict

from django.db.models import TextChoices


class Kind(TextChoices):
    """The kinds of events in a room's log. The values are the protocol's event types."""

    POSTED = "message.posted"
    EDITED = "message.edited"
    DELETED = "message.deleted"
    REACTED = "message.reacted"
    UNREACTED = "message.unreacted"
    REMOVED = "message.removed"
    MEMBER_ADDED = "member.added"
    MEMBER_REMOVED = "member.removed"
    ROOM_CREATED = "room.created"
    ROOM_RENAMED = "room.renamed"
    ROOM_ARCHIVED = "room.archived"
    ROOM_UNARCHIVED = "room.unarchived"
    CARD = "card.posted"  # an object of another app: see cards.py
    CARD_CHANGED = "card.changed"


# Events of the room itself: pages show each as a line among the messages.
HAPPENINGS = tuple(kind for kind in Kind if kind.startswith(("member.", "room.")))
CARDS = (Kind.CARD, Kind.CARD_CHANGED)
WITH_NAMES = (Kind.POSTED, Kind.CARD)  # events below a heading with the author's display name
WITH_TEXT = (Kind.POSTED, Kind.EDITED)
IN_HISTORY = (Kind.POSTED, Kind.CARD, *HAPPENINGS)

# Happenings with a sentence of their own when people do them to themselves.
_DONE_TO_ONESELF = {Kind.MEMBER_ADDED.value: "member.joined", Kind.MEMBER_REMOVED.value: "member.left"}
VARIANTS = (*(kind.value for kind in HAPPENINGS), *_DONE_TO_ONESELF.values())

MAX_UNFOLDED_LINES = 16
MAX_UNFOLDED_CHARACTERS = 1_500


class EventFrame(TypedDict, total=False):
    """An event of a room's log in the protocol's form. Times are UTC, ISO 8601; a name is a sign-in name."""

    type: str
    seq: int
    author: str
    name: str  # the author's display name
    message: int  # the `seq` of the message that was changed
    text: str  # missing in the event of a deletion
    html: str
    long: bool  # pages fold the message; missing when they do not
    variant: str  # which of VARIANTS describes a happening; missing when it is `type`
    at: str
    client_id: str
    edited: str
    deleted: str
    removed: str  # the reason that an administrator gave
    reactions: Mapping[str, list[str]]  # emoji to names, in order


def variant(kind: str, author: str, text: str) -> str:
    """Return which of VARIANTS describes a happening."""
    return _DONE_TO_ONESELF.get(kind, kind) if author == text else kind


def is_long(text: str) -> bool:
    """Return whether pages show a message with this text folded."""
    return len(text) > MAX_UNFOLDED_CHARACTERS or text.count("\n") >= MAX_UNFOLDED_LINES


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encoded(frame: Mapping[str, Any]) -> str:
    """Return `frame` as compact JSON text."""
    return _encode(frame)


def moment(at: datetime) -> str:
    """Return `at` as the protocol writes times: UTC, ISO 8601, microseconds, `Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def event(
    kind: str,
    seq: int,
    author: str,
    text: str,
    at: datetime,
    client_id: str,
    *,
    name: str = "",
    html: str = "",
    message: int | None = None,
    reactions: Mapping[str, list[str]] | None = None,
    edited: datetime | None = None,
    deleted: datetime | None = None,
    removed: str = "",
) -> EventFrame:
    """Return an event of a room's log in the protocol's form. `name` is the author's display name, or empty."""
    frame: EventFrame = {"type": kind, "seq": seq, "author": author}
    if name and kind in WITH_NAMES:
        frame["name"] = name
    if message is not None:
        frame["message"] = message
    if kind != "message.deleted":
        frame["text"] = text
    if html:
        frame["html"] = html
    if kind in WITH_TEXT and is_long(text):
        frame["long"] = True
    if (found := variant(kind, author, text)) != kind:
        frame["variant"] = found
    frame["at"] = moment(at)
    frame["client_id"] = client_id
    if edited is not None:
        frame["edited"] = moment(edited)
    if deleted is not None:
        frame["deleted"] = moment(deleted)
    if removed:
        frame["removed"] = removed
    if reactions:
        frame["reactions"] = reactions
    return frame
