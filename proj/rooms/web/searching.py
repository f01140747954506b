"""The page of the search: a form, and the messages that were found with their neighbours."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render

from proj.accounts.limits.counting import SEARCHES, TooOften
from proj.accounts.models import User
from proj.accounts.records.waiting import brief_wait
from proj.rooms.log.frames import Kind
from proj.rooms.models import Event, Room
from proj.rooms.models.membership import people_to_offer
from proj.rooms.search import finding, index
from proj.rooms.search.finding import Question
from proj.rooms.search.queries import Query
from proj.rooms.text.plain import plain
from proj.rooms.web.forms import SearchForm
from proj.site.http import SignedInRequest, page, slow_down

MAX_FRESH_EVENTS = 2_000  # that a search takes into the index first; the clock is hardly ever so far behind
SHOWN_CHARACTERS = 400  # of a message
LEADING_CHARACTERS = 80  # of those, before the first match
MAX_OFFERED_PEOPLE = 500  # names that the form offers

Piece = tuple[str, bool]  # a part of a text, and whether it matches the query


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A message beside one that was found."""

    author: User
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """A message that was found, with the message before it and the one after it."""

    message: Event
    pieces: list[Piece]
    before: Neighbour | None
    after: Neighbour | None


@page()
def search(request: SignedInRequest) -> HttpResponse:
    """Show the messages of `/search/?q=<words>&room=<name>&by=<name>&since=<day>&until=<day>`, newest first."""
    asked = any(request.GET.values())
    form = SearchForm(request.user, request.GET if asked else None)
    valid = asked and form.is_valid()
    limit = _count(request.user) if valid else None
    if limit:
        form.add_error("q", str(limit))
        valid = False
    question = form.question() if valid else Question("")
    before = (form.cleaned_data["before"] if valid else None) or finding.NEWEST_ID
    query = question.query
    if query.terms:
        index.keep_up(MAX_FRESH_EVENTS)
    found = finding.find(request.user, question, before)
    context = {
        "form": form,
        "rooms": Room.objects.of(request.user),
        "people": _people(),
        "results": [_result(message, query) for message in found.messages],
        "asked": bool(query.terms),
        "excluded": query.excluded,
        "literally": query.literal and "?" + urlencode(request.GET.dict() | {"q": query.literal, "before": ""}),
        "more": found.before and "?" + urlencode(request.GET.dict() | {"before": str(found.before)}),
    }
    answer = render(request, "rooms/search.html", context, status=200 if valid or not asked else 400)
    return slow_down(answer, limit) if limit else answer


def _count(person: User) -> TooOften | None:
    """Count one more search of `person`; return the error when it is one too many."""
    # A write for each GET: the limit holds over all processes, and nothing but the database is there for sure and
    # shared by them. A search that cannot be counted at once is done all the same.
    try:
        with brief_wait("count a search"):
            SEARCHES.spend(person)
    except TooOften as error:
        return error
    return None


def _result(message: Event, query: Query) -> Result:
    before = message.room.messages_before(message.seq, 1)
    after = message.room.messages_after(message.seq, 1)
    return Result(
        message,
        _pieces(_shown(message, query), query),
        next(_neighbours(before), None),
        next(_neighbours(after), None),
    )


def _neighbours(events: list[Event]) -> Iterator[Neighbour]:
    """Yield the messages with a text among `events`."""
    for event in events:
        if event.kind == Kind.POSTED and event.text:
            yield Neighbour(event.author, plain(event.text, event.html))


def _shown(message: Event, query: Query) -> str:
    """Return the text of a message, with its hidden parts when the query matches more of them."""
    text = plain(message.text, message.html)
    if query.matches(text) == len(query.marks) or not message.html:
        return text
    whole = plain(message.text, message.html, whole=True)
    return whole if query.matches(whole) > query.matches(text) else text


def _pieces(text: str, query: Query) -> list[Piece]:
    """Return the part of `text` around the first match, parted at its matches."""
    spans = query.spans(text)
    start = max(0, spans[0][0] - LEADING_CHARACTERS) if spans and spans[0][1] > SHOWN_CHARACTERS else 0
    end = min(len(text), start + SHOWN_CHARACTERS)
    pieces: list[Piece] = [("…", False)] if start else []
    at = start
    for begin, stop in spans:
        if start <= begin and stop <= end:
            pieces += [(text[at:begin], False), (text[begin:stop], True)]
            at = stop
    pieces.append((text[at:end] + ("…" if end < len(text) else ""), False))
    return [piece for piece in pieces if piece[0]]


def _people() -> dict[str, str]:
    """Return the people that the form offers: display names by sign-in name."""
    people = people_to_offer().order_by("username")
    return dict(people.values_list("username", "display_name")[:MAX_OFFERED_PEOPLE])
