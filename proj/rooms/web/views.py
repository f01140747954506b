"""The pages of the rooms: the list of rooms, and a room with its messages."""

from collections.abc import Sequence
from urllib.parse import quote

from django.conf import settings
from django.forms import HiddenInput
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.cache import cache_control

from proj.accounts import face
from proj.accounts.models import User
from proj.rooms import cards, names
from proj.rooms.log.frames import VARIANTS, EventFrame, Kind
from proj.rooms.models import Room, attention
from proj.rooms.text import emoji, markup
from proj.rooms.web import history, presentation
from proj.rooms.web.access import room_of
from proj.rooms.web.forms import NewForm, OpenForm
from proj.site.http import SignedInRequest, page, protocol_error, whole_number

REACTIONS = ["+1", "-1", "white_check_mark", "eyes", "tada", "heart", "joy", "cry", "fire", "rocket"]
QUICK_REACTIONS = ["+1", "white_check_mark", "eyes"]  # at once, beside each message
MAX_CARDS = 50  # in one request
MAX_COMPLETED_PEOPLE = 500  # names that a page can complete


@page(methods=None)
def rooms(request: SignedInRequest) -> HttpResponse:
    """Show the person's rooms with their unread counts, and a form that opens another room."""
    form = OpenForm(request.POST or None, use_required_attribute=False)
    if request.method == "POST" and form.is_valid():
        return redirect("rooms:room", form.cleaned_data["name"])
    mine = list(Room.objects.of(request.user).with_unread(request.user))
    context = {"form": form, "rooms": mine, "side_rooms": mine}
    return render(request, "rooms/list.html", context, status=400 if form.errors else 200)


@page()
def side(request: SignedInRequest) -> HttpResponse:
    """Answer the present side list of rooms; `?current=<path>` is the room that the page shows."""
    current = request.GET.get("current")
    mine = list(Room.objects.of(request.user).with_unread(request.user))
    shown = next((room.pk for room in mine if room.get_absolute_url() == current), None)
    return render(request, "site/rooms.html", {"current": shown, "side_rooms": mine})


@page()
def room(request: SignedInRequest, name: str, seq: int | None = None) -> HttpResponse:
    """Show a room with its newest messages, or with those around message `seq`."""
    try:
        room = Room.called(request.user, name)
    except Room.DoesNotExist:
        return _missing(request, name)
    except names.BadRoomName:
        raise Http404("There is no such room.") from None
    if room.name != name:
        # one address per room, so that all its pages share drafts and unsent messages
        return redirect("rooms:message", room.name, seq) if seq else redirect(room)
    head = history.head(room)
    if seq is not None and not room.pruned < seq <= head["seq"]:
        raise Http404("There is no such message.")
    shown = history.around(room, seq) if seq else history.newest(room)
    state = {**head, "at": seq, **_state(room, request.user, shown, head["seq"])}
    _draw_cards(request.user, shown.messages)
    context = {
        "room": room,
        "muted": room.mutes.filter(user=request.user).exists(),
        "base": room.get_absolute_url(),
        "page": shown.messages,
        "grouped": presentation.grouped(shown.messages),
        "me": request.user.username,
        "variants": VARIANTS,
        "signs": [emoji.BY_NAME[name] for name in REACTIONS],
        "quick": [emoji.BY_NAME[name] for name in QUICK_REACTIONS],
        "state": state,
    }
    return render(request, "rooms/room.html", context)


@page("POST", cache=None)
def mute(request: SignedInRequest, name: str) -> HttpResponse:
    """Mute a room for the person (`on=1`), or unmute it (`on=0`)."""
    room = room_of(request.user, name)
    room.mute(request.user, on=request.POST.get("on") == "1")
    return redirect(room)


@page("GET,POST")
def unread(request: SignedInRequest, name: str) -> JsonResponse:
    """Answer what is unread in a room; a POST with `seq` first marks that message and all later ones as unread.

    `?after=<seq>` is the position of a page that has read on from the person's read mark.
    """
    room = room_of(request.user, name)  # first: an outsider learns nothing from the fields
    try:
        after = whole_number(request.GET, "after", maximum=history.MAX_SEQ)
        seq = whole_number(request.POST, "seq", maximum=history.MAX_SEQ)
        if request.method == "POST" and seq is None:
            raise ValueError("seq is required.")
    except ValueError as error:
        return protocol_error(400, "bad_field", str(error))
    head = history.head(room)
    found = room.unread_by(request.user, after) if seq is None else room.mark_unread(request.user, seq)
    return JsonResponse({**head, "unread": found})


@page(cache=cache_control(private=True, max_age=24 * 3600))
def emojis(_request: SignedInRequest) -> JsonResponse:
    """Answer the emoji by name, for pages that complete them."""
    return JsonResponse(emoji.BY_NAME)


@page()
def cards_now(request: SignedInRequest) -> JsonResponse:
    """Answer the cards `?card=<reference>&card=...` as this person may see them now: HTML by reference."""
    return JsonResponse({"cards": cards.drawn(request.user, request.GET.getlist("card")[:MAX_CARDS])})


def _missing(request: SignedInRequest, name: str) -> HttpResponse:
    """Answer 404 with the question whether to make the room. A room of other people gets the same answer."""
    try:
        name = names.checked(name)
    except names.BadRoomName:
        raise Http404("There is no such room.") from None
    form = NewForm(initial={"name": name, "who": "all"})
    form.fields["name"].widget = HiddenInput()
    return render(request, "rooms/missing.html", {"form": form, "name": name}, status=404)


def _state(room: Room, user: User, shown: history.Page, head: int) -> dict[str, object]:
    """Return everything that the page's modules read at their start, besides the head of the room."""
    people = room.people(MAX_COMPLETED_PEOPLE)
    seen = dict(room.seen_by())
    return {
        "key": str(room.pk),
        "me": user.username,
        "archived": room.archived_at is not None,
        "more": shown.older,
        "atEnd": not shown.newer,
        "mine": [message["client_id"] for message in shown.messages if message["author"] == user.username],
        "seen": seen,
        "unread": attention.backlog(room.pk, user, seen.get(user.username), head),
        "people": [markup.EVERYONE, *people],
        "names": {name: display_name for name, display_name in people.items() if display_name},
        "characters": settings.MESSAGE_CHARACTERS,
        "rules": {
            "groupSeconds": presentation.GROUP_WITHIN.total_seconds(),
            "face": {"factor": face.HUE_FACTOR, "modulus": face.HUE_MODULUS, "hues": face.HUES},
        },
        "urls": {
            "messages": reverse("rooms:messages", args=[room.name]),
            "unread": reverse("rooms:unread", args=[room.name]),
            "emoji": reverse("rooms:emoji"),
            "cards": reverse("rooms:cards"),
            "run": _address("runs:start"),
            "cancel": _address("runs:cancel_named"),
            "services": _address("runs:names"),
            "socket": f"/ws/chat/{quote(room.name, safe='')}/",
        },
    }


def _address(name: str) -> str:
    """Return the address of a page, or "" where this installation does not have the page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _draw_cards(user: User, messages: Sequence[EventFrame]) -> None:
    """Set the HTML of the cards among these frames."""
    found = [message for message in messages if message["type"] == Kind.CARD]
    html = cards.drawn(user, [message["text"] for message in found])
    for message in found:
        message["html"] = html.get(message["text"], "")
