"""The pages on which a room is made, joined and managed. Each finds its room among those with which one may do that."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View
from django.views.decorators.debug import sensitive_post_parameters

from proj.accounts.models import User
from proj.rooms import managing, names, retention
from proj.rooms.models import Invitation, Room, RoomSet
from proj.rooms.web.forms import InviteForm, JoinForm, KeepForm, LinkForm, NameForm, NewForm
from proj.rooms.web.views import MOST_PEOPLE
from proj.site.http import SignedInRequest, page


@page("GET,POST")
def new(request: SignedInRequest) -> HttpResponse:
    """Make a room."""
    form = NewForm(request.POST or None, use_required_attribute=False)
    if request.method == "POST" and form.is_valid():
        try:
            members_only = form.cleaned_data["who"] == "members"
            room = managing.create(request.user, form.cleaned_data["name"], members_only=members_only)
        except Room.NameTaken as error:
            form.add_error("name", forms.ValidationError(error.message))
        else:
            return redirect("rooms:settings" if members_only else "rooms:room", room.name)
    return render(request, "rooms/new.html", {"form": form}, status=400 if form.errors else 200)


@sensitive_post_parameters("code")
@page("GET,POST")
def join(request: SignedInRequest) -> HttpResponse:
    """Come in by a link. A GET does nothing, so that previews and scanners cannot."""
    form = JoinForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect(form.room)
    return render(request, "rooms/join.html", {"form": form}, status=400 if form.errors else 200)


@page()
def settings(request: SignedInRequest, name: str) -> HttpResponse:
    """What a room is, who is in it, and what one may do with it."""
    room = _room(request, name)
    return redirect("rooms:settings", room.name) if room.name != name else _page(request, room)


@page("POST")
def rename(request: SignedInRequest, name: str) -> HttpResponse:
    """Call it by another name."""
    room = _room(request, name, Room.objects.managed_by)
    form = NameForm(request.POST)
    if form.is_valid():
        try:
            managing.rename(room, form.cleaned_data["name"], request.user)
        except Room.NameTaken as error:
            form.add_error("name", forms.ValidationError(error.message))
        else:
            return _done(request, room, _("Saved."))
    return _page(request, room, rename=form)


@page("POST")
def keep(request: SignedInRequest, name: str) -> HttpResponse:
    """Choose how long messages are kept. When some go by that, it is asked about first."""
    room = _room(request, name, Room.objects.managed_by)
    form = KeepForm(request.POST)
    if not form.is_valid():
        return _page(request, room, keep=form)
    limits = form.cleaned_data["days"], form.cleaned_data["messages"]
    count = 0 if "confirmed" in request.POST else retention.newly_over(room, *limits)
    if not count:
        room.keep(*limits)
        return _done(request, room, _("Saved."))
    question = [
        ngettext("Delete %(count)d message?", "Delete %(count)d messages?", count) % {"count": count},
        _("They are over these limits. They go within the hour, and nobody can bring them back."),
    ]
    given = {name: form[name].data or "" for name in form.fields} | {"confirmed": "yes"}
    context = {"room": room, "question": question, "verb": _("Save and delete"), "grave": True, "given": given}
    return render(request, "rooms/confirm.html", context)


@page("POST")
def invite(request: SignedInRequest, name: str) -> HttpResponse:
    """Let somebody in, by name."""
    room = _room(request, name, _may_invite)
    form = InviteForm(request.POST)
    if form.is_valid():
        person = form.cleaned_data["person"]
        room.add_member(person, request.user)
        return _done(request, room, _("%(name)s is a member now.") % {"name": person})
    return _page(request, room, invite=form)


@page("POST")
def make_link(request: SignedInRequest, name: str) -> HttpResponse:
    """Make a link that lets people in. It is shown on this answer only: a message would travel through a cookie."""
    room = _room(request, name, _may_invite)
    form = LinkForm(request.POST)
    if form.is_valid():
        return _page(request, room, link=Invitation.make(room, request.user, form.cleaned_data["lasts"]))
    return _page(request, room, links=form)


@method_decorator(page("GET,POST"), name="dispatch")
class Confirmed(View):
    """Something that is asked about first: GET asks, POST does it."""

    among: Callable[[User], RoomSet]
    grave = True  # it cannot simply be taken back

    def get(self, request: SignedInRequest, name: str, **rest: Any) -> HttpResponse:
        room = self.room(request, name)
        context = {"room": room, "question": self.question(room, **rest), "verb": self.verb(), "grave": self.grave}
        return render(request, "rooms/confirm.html", context)

    def post(self, request: SignedInRequest, name: str, **rest: Any) -> HttpResponse:
        room = self.room(request, name)
        return self.do(request, room, **rest)

    def room(self, request: SignedInRequest, name: str) -> Room:
        return _room(request, name, type(self).among)

    def question(self, room: Room, **rest: Any) -> list[str]:
        """The question, and then what follows from it."""
        raise NotImplementedError

    def verb(self) -> str:
        """What the button says."""
        raise NotImplementedError

    def do(self, request: SignedInRequest, room: Room, **rest: Any) -> HttpResponse:
        raise NotImplementedError


class Leave(Confirmed):
    """Leave a members-only room."""

    among = Room.objects.joined_by

    def question(self, room: Room, **_rest: Any) -> list[str]:
        last = room.memberships.count() == 1
        return [
            _("Leave this room?"),
            _("You are its last member: nobody will be able to read it, until an administrator lets somebody in.")
            if last
            else _("You will not be able to read it any more, unless a member lets you in again."),
        ]

    def verb(self) -> str:
        return _("Leave")

    def do(self, request: SignedInRequest, room: Room, **_rest: Any) -> HttpResponse:
        room.remove_member(request.user, request.user)
        messages.success(request, _("You have left %(room)s.") % {"room": room})
        return redirect("rooms:list")


class Remove(Confirmed):
    """Put a member out."""

    among = Room.objects.managed_by

    def question(self, room: Room, who: str = "", **_rest: Any) -> list[str]:
        person = _member(room, who)
        return [
            _("Remove %(name)s from this room?") % {"name": person},
            _("Their open pages of it close at once. All links into the room end, because they may know them."),
        ]

    def verb(self) -> str:
        return _("Remove")

    def do(self, request: SignedInRequest, room: Room, who: str = "", **_rest: Any) -> HttpResponse:
        person = _member(room, who)
        if person == request.user:
            raise PermissionDenied(_("To go yourself, leave the room."))
        room.remove_member(person, request.user)
        return _done(request, room, _("%(name)s is no member any more.") % {"name": person})


class RevokeLink(Confirmed):
    """End a link. Every member may, whoever made it."""

    among = Room.objects.joined_by

    def question(self, room: Room, number: int = 0, **_rest: Any) -> list[str]:
        invitation = _invitation(room, number)
        end = invitation.expires_at
        until = format_html('<time datetime="{}">{}</time>', end.isoformat(), f"{end:%Y-%m-%d %H:%M} UTC")
        words = _(
            "It would let people in until {until}. Nobody comes in by it any more, and it cannot be brought back; "
            "who came by it stays."
        )
        return [
            _("Revoke the link that %(name)s made?") % {"name": invitation.made_by},
            format_html(words, until=until),
        ]

    def verb(self) -> str:
        return _("Revoke")

    def do(self, request: SignedInRequest, room: Room, number: int = 0, **_rest: Any) -> HttpResponse:
        _invitation(room, number).revoke()
        return _done(request, room, _("The link lets nobody in any more."))


class Archive(Confirmed):
    """Close a room for writing."""

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
        return _done(request, room, _("The room is archived."))


@page("POST")
def unarchive(request: SignedInRequest, name: str) -> HttpResponse:
    """Let people write in it again."""
    room = _room(request, name, Room.objects.managed_by)
    managing.unarchive(room, request.user)
    return _done(request, room, _("People can write here again."))


def _room(request: SignedInRequest, name: str, among: Callable[[User], RoomSet] | None = None) -> Room:
    """The room of that name, if it is among those of this person."""
    try:
        return Room.called(request.user, name, among)
    except (Room.DoesNotExist, names.BadRoomName):
        raise Http404("There is no such room.") from None
    except Room.NoAccess as error:
        raise PermissionDenied(str(error)) from None


def _may_invite(user: User) -> RoomSet:
    return Room.objects.joined_by(user).filter(archived_at=None)


def _member(room: Room, name: str) -> User:
    member = room.memberships.select_related("user").filter(user__username=name).first() if "\0" not in name else None
    if member is None:
        raise Http404("There is no such member.")
    return member.user


def _invitation(room: Room, number: int) -> Invitation:
    invitation = room.invitations.select_related("made_by").filter(pk=number).first()
    if invitation is None:
        raise Http404("There is no such link.")
    return invitation


def _done(request: SignedInRequest, room: Room, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("rooms:settings", room.name)


def _page(request: SignedInRequest, room: Room, *, link: str = "", **bound: forms.Form) -> HttpResponse:
    """The page, with the forms of what one may do; `bound` are those that were filled in wrongly."""
    member = Room.objects.joined_by(request.user).filter(pk=room.pk).exists()
    context = {
        "room": room,
        "member": member,
        "manager": Room.objects.managed_by(request.user).filter(pk=room.pk).exists(),
        "members": room.memberships.select_related("user").order_by("user__username") if room.members_only else [],
        "people": _others(room) if member else [],
        "invitations": room.invitations.live().select_related("made_by").order_by("expires_at") if member else [],
        "link": link,
        "rename_form": bound.get("rename") or NameForm(initial={"name": room.name}),
        "invite_form": bound.get("invite") or InviteForm(use_required_attribute=False),
        "link_form": bound.get("links") or LinkForm(),
        "keep_form": bound.get("keep") or KeepForm(initial={"days": room.keep_days, "messages": room.keep_messages}),
    }
    return render(request, "rooms/settings.html", context, status=400 if bound else 200)


def _others(room: Room) -> dict[str, str]:
    """People who may be let in, at most MOST_PEOPLE names."""
    others = User.objects.filter(is_active=True).exclude(memberships__room=room).order_by("username")
    return dict(others.values_list("username", "display_name")[:MOST_PEOPLE])
