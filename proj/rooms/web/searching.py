"""The page that searches: what is asked for in a form, and what was found with where it stood."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from proj.accounts.models import User
from proj.rooms import names
from proj.rooms.log.frames import Kind
from proj.rooms.models import Event, Room
from proj.rooms.search import finding, index
from proj.rooms.search.finding import Question
from proj.rooms.search.queries import Query
from proj.rooms.text.plain import plain
from proj.site.http import SignedInRequest, page
from proj.text import ansi

FRESH = 2_000  # events that are taken into the index before a search looks; the clock is hardly ever so far behind
SHOWN = 400  # characters of a message that was found
LEAD = 80  # of those, before the first word that was found
LONGEST = 200  # characters of a question
LATEST_ID = 2**63 - 1

Piece = tuple[str, bool]  # a part of a text, and whether it was searched for


class SearchForm(forms.Form):
    """What is asked for. Days are those of UTC: the server knows no other."""

    q = forms.CharField(
        label=_("Words"),
        max_length=LONGEST,
        required=False,
        strip=True,
        help_text=_(
            "“Words in quotes” are found just as they stand, and a -word leaves out the messages that have it."
        ),
    )
    room = forms.CharField(label=_("In the room"), max_length=100, required=False)
    by = forms.CharField(label=_("Said by"), max_length=150, required=False)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    before = forms.IntegerField(min_value=1, max_value=LATEST_ID, required=False, widget=forms.HiddenInput)

    use_required_attribute = False

    def __init__(self, user: User, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.user = user
        for name in ("room", "by"):
            self.fields[name].widget.attrs |= {"list": f"{name}-names", "autocomplete": "off", "dir": "auto"}
        self.fields["q"].widget.attrs |= {"type": "search", "dir": "auto", "autocomplete": "off"}

    def clean_room(self) -> Room | None:
        name = self.cleaned_data["room"]
        try:
            return Room.called(self.user, name) if name else None
        except (Room.DoesNotExist, Room.NoAccess, names.BadRoomName):
            raise forms.ValidationError(_("There is no such room.")) from None

    def clean_by(self) -> User | None:
        name = self.cleaned_data["by"].removeprefix("@")
        person = User.objects.filter(username__iexact=name).first() if name else None
        if name and person is None:
            raise forms.ValidationError(_("There is nobody of that name."))
        return person

    def question(self) -> Question:
        """What the form asks for, when it is valid."""
        data = self.cleaned_data
        until = data["until"] and min(data["until"], date.max - timedelta(days=1)) + timedelta(days=1)
        return Question(data["q"], data["room"], data["by"], _midnight(data["since"]), _midnight(until))


@page()
def search(request: SignedInRequest) -> HttpResponse:
    """`/search/?q=<words>&room=<name>&by=<name>&since=<day>&until=<day>`, newest first."""
    user = request.user
    asked = any(request.GET.values())
    form = SearchForm(user, request.GET) if asked else SearchForm(user)
    context: dict[str, Any] = {"form": form, "rooms": Room.objects.of(user), "people": _people()}
    valid = asked and form.is_valid()
    if valid:
        question = form.question()
        query = question.query
        index.keep_up(FRESH)
        found = finding.find(user, question, form.cleaned_data["before"] or finding.NEWEST)
        more = request.GET.dict() | {"before": str(found.before)}
        context |= {
            "results": [_result(message, query) for message in found.messages],
            "asked": bool(query.terms),
            "more": found.before and "?" + urlencode(more),
        }
    return render(request, "rooms/search.html", context, status=200 if valid or not asked else 400)


def _result(message: Event, query: Query) -> dict[str, Any]:
    """A message as the page shows it, with the one before it and the one after it."""
    before = message.room.messages_before(message.seq, 1)
    after = message.room.messages_after(message.seq, 1)
    return {
        "message": message,
        "pieces": _pieces(_shown(message, query), query),
        "before": next(_said(before), None),
        "after": next(_said(after), None),
    }


def _said(events: list[Event]) -> Iterator[tuple[User, str]]:
    """Who said what, among these."""
    for event in events:
        if event.kind == Kind.POSTED and event.text:
            yield event.author, _read(event)


def _shown(message: Event, query: Query) -> str:
    """What a message says; with what its looks hide, when it was found by that."""
    said = _read(message)
    if query.marked(said) == len(query.marks) or not message.html:
        return said
    whole = plain(message.text, whole=True)
    return whole if query.marked(whole) > query.marked(said) else said


def _read(message: Event) -> str:
    """Return the text of a message as pages show it: a message without HTML stands there as it was written."""
    return plain(message.text) if message.html else ansi.plain(message.text)


def _pieces(text: str, query: Query) -> list[Piece]:
    """The part of `text` where what was searched for stands."""
    spans = query.spans(text)
    start = max(0, spans[0][0] - LEAD) if spans and spans[0][1] > SHOWN else 0
    end = min(len(text), start + SHOWN)
    pieces: list[Piece] = [("…", False)] if start else []
    at = start
    for begin, stop in spans:
        if start <= begin and stop <= end:
            pieces += [(text[at:begin], False), (text[begin:stop], True)]
            at = stop
    pieces.append((text[at:end] + ("…" if end < len(text) else ""), False))
    return [piece for piece in pieces if piece[0]]


def _people() -> dict[str, str]:
    """Whom the form offers: display names by name."""
    people = User.objects.filter(is_active=True).order_by("username")
    return dict(people.values_list("username", "display_name")[:500])


def _midnight(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
