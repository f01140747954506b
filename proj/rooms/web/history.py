"""The history of a room in pages, as the protocol's frames (docs/protocol.md)."""

from dataclasses import dataclass
from typing import TypedDict

from django.http import JsonResponse
from django.utils.translation import gettext

from proj.rooms import names
from proj.rooms.log.frames import EventFrame
from proj.rooms.models import Room
from proj.site.http import SignedInRequest, page, protocol_error, whole_number

PAGE_MESSAGES = 50
MAX_PAGE_MESSAGES = 200
MAX_SEQ = 2**53  # JavaScript counts no further without errors; every database does


class HistoryHead(TypedDict):
    """The newest state of a room's log."""

    room: str
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Page:
    """Messages as frames, oldest first; `older` and `newer` say whether the log has more of them on that side."""

    messages: list[EventFrame]
    older: bool = False
    newer: bool = False


def head(room: Room) -> HistoryHead:
    """Return the head of the log. Read it before the messages: an event in between is then replayed, and not missed."""
    room.refresh_from_db(fields=["epoch", "seq", "pruned"])
    return {"room": room.name, "epoch": room.epoch, "seq": room.seq}


def newest(room: Room, before: int | None = None, limit: int = PAGE_MESSAGES) -> Page:
    """Return the newest `limit` messages, or the newest ones below `before`."""
    found = room.messages_before(before, limit + 1)
    return Page([event.frame() for event in found[-limit:]], older=len(found) > limit)


def following(room: Room, after: int, limit: int = PAGE_MESSAGES) -> Page:
    """Return the oldest `limit` messages above `after`."""
    found = room.messages_after(after, limit + 1)
    return Page([event.frame() for event in found[:limit]], newer=len(found) > limit)


def around(room: Room, seq: int) -> Page:
    """Return the messages around message `seq`, half of them before it."""
    before, after = newest(room, seq + 1, PAGE_MESSAGES // 2), following(room, seq, PAGE_MESSAGES // 2)
    return Page(before.messages + after.messages, older=before.older, newer=after.newer)


@page()
def messages(request: SignedInRequest, name: str) -> JsonResponse:
    """Answer a page of history: `?before=<seq>&limit=<1..200>`, or `after`, newest last."""
    try:
        before = whole_number(request.GET, "before", maximum=MAX_SEQ)
        after = whole_number(request.GET, "after", maximum=MAX_SEQ)
        limit = whole_number(request.GET, "limit", maximum=MAX_PAGE_MESSAGES, default=PAGE_MESSAGES)
    except ValueError as error:
        return protocol_error(400, "bad_field", str(error))
    try:
        room = Room.called(request.user, name)
    except (Room.DoesNotExist, names.BadRoomName):
        return protocol_error(404, "no_such_room", gettext("There is no such room."))
    newest_state = head(room)
    found = newest(room, before, limit) if after is None else following(room, after, limit)
    more = found.older if after is None else found.newer
    return JsonResponse({**newest_state, "more": more, "messages": found.messages})
