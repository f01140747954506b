"""The pages on which a room is created and managed: its name, how long messages are kept, the archive."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proj.accounts.limits.counting import TooOften
from proj.rooms import managing, retention
from proj.rooms.models import Room
from proj.rooms.models.membership import people_to_offer
from proj.rooms.web.access import room_of
from proj.rooms.web.confirming import Confirmed, ask
from proj.rooms.web.forms import InviteForm, KeepForm, LinkForm, NameForm, NewForm
from proj.site.http import SignedInRequest, page, slow_down

MAX_INVITED_PEOPLE = 500  # names that the form of an invitation offers


@page("GET,POST")
def new(request: SignedInRequest) -> HttpResponse:
    """Create a room, open to everyone or members-only."""
    form = NewForm(request.POST or None, use_required_attribute=False)
    if request.method == "POST" and form.is_valid():
        try:
            members_only = form.cleaned_data["who"] == "members"
            room = managing.create(request.user, form.cleaned_data["name"], members_only=members_only)
        except Room.NameTaken as error:
            form.add_error("name", forms.ValidationError(error.message))
        except TooOften as error:
            form.add_error(None, str(error))
            return slow_down(render(request, "rooms/new.html", {"form": form}), error)
        else:
            return redirect("rooms:settings" if members_only else "rooms:room", room.name)
    return render(request, "rooms/new.html", {"form": form}, status=400 if form.errors else 200)


@page()
def settings(request: SignedInRequest, name: str) -> HttpResponse:
    """Show a room's settings and members, with the forms that the person may use."""
    room = room_of(request.user, name)
    return redirect("rooms:settings", room.name) if room.name != name else show(request, room)


@page("POST")
def rename(request: SignedInRequest, name: str) -> HttpResponse:
    """Rename the room, if no other room has the name."""
    room = room_of(request.user, name, Room.objects.managed_by)
    form = NameForm(request.POST)
    if form.is_valid():
        try:
            managing.rename(room, form.cleaned_data["name"], request.user)
        except Room.NameTaken as error:
            form.add_error("name", forms.ValidationError(error.message))
        else:
            return done(request, room, _("Saved."))
    return show(request, room, rename=form)


@page("POST")
def keep(request: SignedInRequest, name: str) -> HttpResponse:
    """Limit how long messages are kept. When the new limits delete messages, the person is asked before."""
    room = room_of(request.user, name, Room.objects.managed_by)
    form = KeepForm(request.POST)
    if not form.is_valid():
        return show(request, room, keep=form)
    limits = form.cleaned_data["days"], form.cleaned_data["messages"]
    count = 0 if "confirmed" in request.POST else retention.newly_over(room, *limits)
    if not count:
        room.keep(*limits)
        return done(request, room, _("Saved."))
    question = [
        ngettext("Delete %(count)d message?", "Delete %(count)d messages?", count) % {"count": count},
        _("They are over these limits. They are deleted within an hour, and cannot be restored."),
    ]
    given = {name: form[name].data or "" for name in form.fields} | {"confirmed": "yes"}
    return ask(request, room, question, _("Save and delete"), grave=True, given=given)


class Archive(Confirmed):
    """Close a room for writing; it can still be read."""

    among = Room.objects.managed_by
    grave = False

    def question(self, room: Room, **_rest: Any) -> list[str]:
        return [
            _("Archive this room?"),
            _("It can still be read by everybody who may be in it, and nobody can write in it. It can be taken back."),
        ]

    def verb(self) -> str:
        return _("Archive")

    def do(self, request: SignedInRequest, room: Room, **_rest: Any) -> HttpResponse:
        managing.archive(room, request.user)
        return done(request, room, _("The room is archived."))


@page("POST")
def unarchive(request: SignedInRequest, name: str) -> HttpResponse:
    """Open an archived room for writing again."""
    room = room_of(request.user, name, Room.objects.managed_by)
    managing.unarchive(room, request.user)
    return done(request, room, _("People can write here again."))


def done(request: SignedInRequest, room: Room, message: str) -> HttpResponse:
    """Return to the settings of the room, with a message of success."""
    messages.success(request, message)
    return redirect("rooms:settings", room.name)


def show(
    request: SignedInRequest,
    room: Room,
    *,
    link: str = "",
    rename: NameForm | None = None,
    keep: KeepForm | None = None,
    invite: InviteForm | None = None,
    links: LinkForm | None = None,
) -> HttpResponse:
    """Show the settings page. The given forms are those with errors; `link` is a fresh link into the room."""
    member = Room.objects.joined_by(request.user).filter(pk=room.pk).exists()
    context = {
        "room": room,
        "member": member,
        "manager": Room.objects.managed_by(request.user).filter(pk=room.pk).exists(),
        "members": room.memberships.select_related("user").order_by("user__username") if room.members_only else [],
        "people": _others(room) if member else [],
        "invitations": room.invitations.live().select_related("made_by").order_by("expires_at") if member else [],
        "link": link,
        "rename_form": rename or NameForm(initial={"name": room.name}),
        "invite_form": invite or InviteForm(use_required_attribute=False),
        "link_form": links or LinkForm(),
        "keep_form": keep or KeepForm(initial={"days": room.keep_days, "messages": room.keep_messages}),
    }
    return render(request, "rooms/settings.html", context, status=400 if rename or keep or invite or links else 200)


def _others(room: Room) -> dict[str, str]:
    """Return people that are no members: display names by sign-in name, at most MAX_INVITED_PEOPLE."""
    others = people_to_offer().exclude(memberships__room=room).order_by("username")
    return dict(others.values_list("username", "display_name")[:MAX_INVITED_PEOPLE])
