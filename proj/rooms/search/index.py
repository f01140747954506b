"""Keeps the index of words in step with the rooms' logs, a moment after the commit: a message costs its author nothing.

The index follows the `seq` of each room, which has no holes, so no event is skipped. The clock calls keep_up() every
second, and so does each search before it reads the index. A repeated call changes nothing.
"""

from django.db import connection, models, transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from proj.rooms.log.frames import Kind
from proj.rooms.models import Event, Indexed, Room
from proj.rooms.search import fulltext, words
from proj.text import ansi

EVENTS_PER_TRANSACTION = 1000  # which holds up writers for some ten milliseconds
MAX_EVENTS = 10_000  # of one call, so that the clock has time for its other jobs


def keep_up(limit: int = MAX_EVENTS) -> int:
    """Index the new events, about `limit` at most. Return their number."""
    stale = Room.objects.annotate(done=Coalesce(F("indexed__seq"), 0)).filter(seq__gt=F("done"))
    count = 0
    for room_id in list(stale.values_list("pk", flat=True)):
        while count < limit and (taken := _index_next(room_id)):
            count += taken
    return count


def _index_next(room_id: int) -> int:
    """Index the next events of a room. Return their number."""
    with transaction.atomic():
        Indexed.objects.get_or_create(room_id=room_id)
        mark = Indexed.objects.select_for_update().get(room_id=room_id)
        events = Event.objects.filter(room=room_id, seq__gt=mark.seq).order_by("seq")
        rows = list(events.values_list("seq", "kind", "target")[:EVENTS_PER_TRANSACTION])
        if not rows:
            return 0
        changed = {target or seq for seq, kind, target in rows if _changes(kind)}
        _refresh(Event.objects.filter(room=room_id, seq__in=changed, kind=Kind.POSTED))
        mark.seq = rows[-1][0]
        mark.save(update_fields=["seq"])
    return len(rows)


def _changes(kind: str) -> bool:
    """Return whether an event of this kind may change the text of a message: every one but reactions."""
    return kind not in (Kind.REACTED, Kind.UNREACTED)


def _refresh(messages: "models.QuerySet[Event]") -> None:
    rows = list(messages.values_list("pk", "room", "author", "text"))
    with connection.cursor() as cursor:
        fulltext.replace(
            cursor,
            [id for id, *_ in rows],
            [(id, _words(room, author, text)) for id, room, author, text in rows if text],
        )


def _words(room: int, author: int, text: str) -> set[str]:
    return words.of(ansi.plain(text)) | {fulltext.in_room(room).word, fulltext.by_person(author).word}


def sweep() -> None:
    """Delete the words of messages that have been deleted."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM rooms_words WHERE rowid NOT IN (SELECT id FROM rooms_event)")
