"""The rooms' pages, and their history as JSON."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext
from django.views.decorators.cache import cache_control

from proj.accounts.models import User
from proj.rooms import cards, names
from proj.rooms.log import frames
from proj.rooms.models import Event, Room
from proj.rooms.text import emoji, markup
from proj.rooms.web.forms import OpenForm
from proj.site.http import SignedInRequest, page, protocol_error, whole_number

PAGE = 50  # messages of a page of history
LONGEST_PAGE = 200
REACTIONS = ["+1", "-1", "white_check_mark", "eyes", "tada", "heart", "joy", "cry", "fire", "rocket"]  # at hand
MOST_CARDS = 50  # asked for at once
MOST_PEOPLE = 500  # names that a page can complete
TOGETHER = timedelta(minutes=5)  # messages of one person within it stand under one name
LARGEST_SEQ = 2**53  # what JavaScript counts exactly, and any database too


@page(methods=None)
def rooms(request: SignedInRequest) -> HttpResponse:
    """The rooms that one may see, with what is unread; and the way to another one."""
    form = OpenForm(request.POST or None, use_required_attribute=False)
    if request.method == "POST" and form.is_valid():
        return redirect("rooms:room", form.cleaned_data["name"])
    mine = Room.objects.of(request.user).with_unread(request.user)
    return render(request, "rooms/list.html", {"form": form, "rooms": mine}, status=400 if form.errors else 200)


@page()
def side(request: SignedInRequest) -> HttpResponse:
    """The rooms beside a page as they are now; `?current=<path>` is the room that the page shows."""
    current = request.GET.get("current")
    shown = next((room.pk for room in Room.objects.of(request.user) if room.get_absolute_url() == current), None)
    return render(request, "site/rooms.html", {"current": shown})


@page()
def room(request: SignedInRequest, name: str, seq: int | None = None) -> HttpResponse:
    """A room with its newest messages, or with those around message `seq`. It is made by its first visitor."""
    try:
        room = Room.visit(request.user, name)
    except names.BadRoomName as error:
        raise Http404(str(error)) from None
    except Room.NoAccess as error:
        raise PermissionDenied(str(error)) from None
    if room.name != name:
        # one address per room, so that all its pages share drafts and what is not yet sent
        return redirect("rooms:message", room.name, seq) if seq else redirect(room)
    head = _head(room)
    if seq is not None and not room.pruned < seq <= head["seq"]:
        raise Http404("There is no such message.")
    people = room.people(MOST_PEOPLE)
    page, more, at_end = _around(room, seq) if seq else (*_page(room, None, PAGE), True)
    state = head | {
        "key": str(room.pk),
        "me": request.user.username,
        "archived": room.archived_at is not None,
        "more": more,
        "at": seq,
        "atEnd": at_end,
        "mine": [message["client_id"] for message in page if message["author"] == request.user.username],
        "seen": dict(room.seen_by()),
        "people": [markup.EVERYONE, *people],
        "names": {name: display_name for name, display_name in people.items() if display_name},
        "characters": settings.MESSAGE_CHARACTERS,
        "urls": {
            "messages": reverse("rooms:messages", args=[room.name]),
            "emoji": reverse("rooms:emoji"),
            "cards": reverse("rooms:cards"),
            "run": _address("runs:start"),
            "cancel": _address("runs:cancel_named"),
            "services": _address("runs:names"),
            "socket": f"/ws/chat/{quote(room.name, safe='')}/",
        },
    }
    _draw_cards(request.user, page)
    context = {
        "room": room,
        "muted": room.mutes.filter(user=request.user).exists(),
        "base": room.get_absolute_url(),
        "page": _grouped(page),
        "me": request.user.username,
        "variants": frames.VARIANTS,
        "signs": [emoji.BY_NAME[name] for name in REACTIONS],
        "state": state,
    }
    return render(request, "rooms/room.html", context)


@page("POST", cache=None)
def mute(request: SignedInRequest, name: str) -> HttpResponse:
    """Let a room be quiet for oneself (`on=1`), or no more (`on=0`)."""
    try:
        room = Room.called(request.user, name)
    except (Room.DoesNotExist, Room.NoAccess, names.BadRoomName):
        raise Http404("There is no such room.") from None
    room.mute(request.user, on=request.POST.get("on") == "1")
    return redirect(room)


@page()
def messages(request: SignedInRequest, name: str) -> JsonResponse:
    """A page of history: `?before=<seq>&limit=<1..200>`, or `after`, newest last (docs/protocol.md)."""
    try:
        before = whole_number(request.GET, "before", maximum=LARGEST_SEQ)
        after = whole_number(request.GET, "after", maximum=LARGEST_SEQ)
        limit = whole_number(request.GET, "limit", maximum=LONGEST_PAGE, default=PAGE)
    except ValueError as error:
        return protocol_error(400, "bad_field", str(error))
    try:
        room = Room.called(request.user, name)
    except (Room.DoesNotExist, Room.NoAccess, names.BadRoomName):
        return protocol_error(404, "no_such_room", gettext("There is no such room."))
    head = _head(room)
    page, more = _page(room, before, limit) if after is None else _page_after(room, after, limit)
    return JsonResponse(head | {"more": more, "messages": page})


@page(cache=cache_control(private=True, max_age=24 * 3600))
def emojis(_request: SignedInRequest) -> JsonResponse:
    """The emoji by name, for pages that complete them."""
    return JsonResponse(emoji.BY_NAME)


@page()
def cards_now(request: SignedInRequest) -> JsonResponse:
    """`?card=<reference>&card=...`: how these cards look to this person now, HTML by reference."""
    return JsonResponse({"cards": cards.drawn(request.user, request.GET.getlist("card")[:MOST_CARDS])})


def _address(name: str) -> str:
    """Of pages that this installation may have or not: an empty one, where it has not."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _draw_cards(user: User, page: list[dict[str, Any]]) -> None:
    """Put what the cards among these frames look like into them."""
    found = [message for message in page if message["type"] == frames.Kind.CARD]
    looks = cards.drawn(user, [message["text"] for message in found])
    for message in found:
        message["html"] = looks.get(message["text"], "")


def _head(room: Room) -> dict[str, Any]:
    """Where the log stands. To be read before the messages: what comes in between is replayed, and not missed."""
    room.refresh_from_db(fields=["epoch", "seq", "pruned"])
    return {"room": room.name, "epoch": room.epoch, "seq": room.seq}


def _page(room: Room, before: int | None, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """At most `limit` messages as frames, oldest first, and whether there are older ones."""
    found: list[Event] = room.messages_before(before, limit + 1)
    return [event.frame() for event in found[-limit:]], len(found) > limit


def _page_after(room: Room, after: int, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """At most `limit` messages after `after` as frames, oldest first, and whether there are newer ones."""
    found = room.messages_after(after, limit + 1)
    return [event.frame() for event in found[:limit]], len(found) > limit


def _around(room: Room, seq: int) -> tuple[list[dict[str, Any]], bool, bool]:
    """The messages around `seq`, whether there are older ones, and whether the newest is among them."""
    before, older = _page(room, seq + 1, PAGE // 2)
    after, newer = _page_after(room, seq, PAGE // 2)
    return before + after, older, not newer


def _grouped(page: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages, `grouped` where they go on from the one before, so that the first paint stands as the page will.

    static/rooms/arrange.js does the same, and knows the reader's days.
    """
    for before, message in pairwise(page):
        near = datetime.fromisoformat(message["at"]) - datetime.fromisoformat(before["at"]) < TOGETHER
        posted = before["type"] == message["type"] == frames.Kind.POSTED
        whole = posted and "deleted" not in before and "deleted" not in message
        message["grouped"] = near and whole and message["author"] == before["author"]
    return page
