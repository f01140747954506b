"""Search in the messages that a person may see: the index finds them, and the rooms' logs have their present text."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Max

from proj.accounts.models import User
from proj.rooms.log.frames import Kind
from proj.rooms.models import Event, Room
from proj.rooms.search import fulltext, queries
from proj.text import ansi

# The numbers of ids in the queries to the index: the first query is mostly enough. After the last one a search without
# enough results stops, and returns the place where it stopped.
IDS_PER_QUERY = (200, *5 * [1000])
MAX_FORBIDDEN_ROOMS = 300  # in a query to the index; further rooms are excluded when the messages are read
NEWEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Question:
    """A search: a text and its limits. Times are aware: from `since` on, and before `until`."""

    text: str  # queries.py reads it
    room: Room | None = None
    author: User | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def query(self) -> queries.Query:
        """Return the query for the words, the room and the person. It has no terms when the question is empty."""
        query = queries.parsed(self.text)
        terms = query.terms
        if self.room is not None:
            terms += (fulltext.in_room(self.room.pk),)
        if self.author is not None:
            terms += (fulltext.by_person(self.author.pk),)
        return replace(query, terms=terms)


@dataclass(slots=True)
class Found:
    """Messages, newest first; `before` is the id from which to continue, None at the end."""

    messages: list[Event] = field(default_factory=list)
    before: int | None = None


def find(user: User, question: Question, before: int = NEWEST_ID, limit: int = 20) -> Found:
    """Return at most `limit` messages that `user` may see, among those with ids below `before`."""
    query = question.query
    if not query.terms:
        return Found()
    visible = Room.objects.open_to(user).filter(hidden=False)
    forbidden = Room.objects.exclude(pk__in=visible.values("pk")).values_list("pk", flat=True)
    without = [*query.without, *((fulltext.in_room(id),) for id in forbidden[:MAX_FORBIDDEN_ROOMS])]
    after = _place(question.since) - 1 if question.since else 0
    before = min(before, _place(question.until)) if question.until else before
    messages = Event.objects.filter(room__in=visible, kind=Kind.POSTED, deleted_at=None)
    if question.since:
        messages = messages.filter(at__gte=question.since)
    if question.until:
        messages = messages.filter(at__lt=question.until)
    found = Found()
    for limit_of_ids in IDS_PER_QUERY:
        ids = fulltext.found(query.terms, without, after, before, limit_of_ids)
        some = messages.filter(pk__in=_fitting(ids, query)).select_related("room", "author").order_by("-pk")
        found.messages += some[: limit + 1 - len(found.messages)]
        if len(found.messages) > limit:
            found.messages.pop()
            found.before = found.messages[-1].pk
            return found
        if len(ids) < limit_of_ids:
            return found
        before = ids[-1]
    found.before = before
    return found


def _fitting(ids: list[int], query: queries.Query) -> list[int]:
    """Return the ids of the messages with a text that fits `query`."""
    if not query.reads:
        return ids
    texts = Event.objects.filter(pk__in=ids).values_list("pk", "text")
    return [id for id, text in texts if query.fits(ansi.plain(text))]


def _place(at: datetime) -> int:
    """Return about the id of the first event from `at` on: ids grow with time, but for seconds of parallel writers."""
    low, high = 0, (Event.objects.aggregate(newest=Max("pk"))["newest"] or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = Event.objects.filter(pk__gte=middle).order_by("pk").values_list("pk", "at").first()
        if row and row[1] < at:
            low = row[0] + 1
        else:
            high = middle
    return low
