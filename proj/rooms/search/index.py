"""Keeps the index of words in step with the rooms' logs, a moment after the commit: a message costs its author nothing.

Each room's log is followed by `seq`, which has no holes, so nothing is passed over, whoever wrote it. The clock does it
every second, and a search before it looks. Doing it twice changes nothing.
"""

from django.db import connection, models, transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from proj.rooms.log.frames import Kind
from proj.rooms.models import Event, Indexed, Room
from proj.rooms.search import fulltext, words
from proj.text import ansi

PORTION = 1000  # events in one transaction: it holds up who writes for some ten milliseconds
MOST = 10_000  # events at a time, so that the clock has time for the rest


def keep_up(most: int = MOST) -> int:
    """Take in what is not in the index yet, at most about `most` events; how many there were."""
    stale = Room.objects.annotate(done=Coalesce(F("indexed__seq"), 0)).filter(seq__gt=F("done"))
    count = 0
    for room_id in list(stale.values_list("pk", flat=True)):
        while count < most and (taken := _take_in(room_id)):
            count += taken
    return count


def _take_in(room_id: int) -> int:
    """Take in the next events of a room; how many there were."""
    with transaction.atomic():
        Indexed.objects.get_or_create(room_id=room_id)
        mark = Indexed.objects.select_for_update().get(room_id=room_id)
        events = Event.objects.filter(room=room_id, seq__gt=mark.seq).order_by("seq")
        rows = list(events.values_list("seq", "kind", "target")[:PORTION])
        if not rows:
            return 0
        changed = {target or seq for seq, kind, target in rows if _changes(kind)}
        _refresh(Event.objects.filter(room=room_id, seq__in=changed, kind=Kind.POSTED))
        mark.seq = rows[-1][0]
        mark.save(update_fields=["seq"])
    return len(rows)


def _changes(kind: str) -> bool:
    """Whether it may have changed what a message says: any event about one, but for reactions."""
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
    """Forget the words of messages that are not there any more."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM rooms_words WHERE rowid NOT IN (SELECT id FROM rooms_event)")
