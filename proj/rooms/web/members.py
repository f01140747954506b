"""The pages of a room's members: join, invite by name or by link, leave, remove, revoke a link."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from proj.accounts.limits.counting import TooOften
from proj.accounts.models import User
from proj.accounts.web.confirming import confirmed
from proj.rooms.models import Invitation, Room, RoomSet
from proj.rooms.web.access import room_of
from proj.rooms.web.confirming import Confirmed
from proj.rooms.web.forms import InviteForm, JoinForm, LinkForm
from proj.rooms.web.room_settings import done, show
from proj.site.http import SignedInRequest, page, slow_down


@sensitive_post_parameters("code")
@page("GET,POST")
def join(request: SignedInRequest) -> HttpResponse:
    """Join a room by a link. A GET changes nothing, so that previews and scanners cannot join."""
    form = JoinForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect(form.room)
    return render(request, "rooms/join.html", {"form": form}, status=400 if form.errors else 200)


@page("POST")
@confirmed
def invite(request: SignedInRequest, name: str) -> HttpResponse:
    """Make a person a member, by name."""
    room = room_of(request.user, name, _may_invite)
    form = InviteForm(request.POST)
    if form.is_valid():
        person = form.cleaned_data["person"]
        try:
            room.invite(person, request.user)
        except TooOften as error:
            form.add_error("person", str(error))
            return slow_down(show(request, room, invite=form), error)
        return done(request, room, _("%(name)s is a member now.") % {"name": person})
    return show(request, room, invite=form)


@page("POST")
@confirmed
def make_link(request: SignedInRequest, name: str) -> HttpResponse:
    """Create a link into the room. Only this answer shows it: a message of success would travel through a cookie."""
    room = room_of(request.user, name, _may_invite)
    form = LinkForm(request.POST)
    if form.is_valid():
        try:
            return show(request, room, link=Invitation.make(room, request.user, form.cleaned_data["lasts"]))
        except TooOften as error:
            form.add_error("lasts", str(error))
            return slow_down(show(request, room, links=form), error)
    return show(request, room, links=form)


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
    """Remove another person from a members-only room."""

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
            raise PermissionDenied(_("To remove yourself, leave the room."))
        room.remove_member(person, request.user)
        return done(request, room, _("%(name)s is no member any more.") % {"name": person})


class RevokeLink(Confirmed):
    """End a link into the room. Every member may end every link."""

    among = Room.objects.joined_by

    def question(self, room: Room, number: int = 0, **_rest: Any) -> list[str]:
        invitation = _invitation(room, number)
        end = invitation.expires_at
        until = format_html('<time datetime="{}">{}</time>', end.isoformat(), f"{end:%Y-%m-%d %H:%M} UTC")
        words = _(
            "It would let people in until {until}. Nobody can join by it any more, and it cannot be restored; "
            "people who have joined by it stay."
        )
        return [
            _("Revoke the link that %(name)s made?") % {"name": invitation.made_by},
            format_html(words, until=until),
        ]

    def verb(self) -> str:
        return _("Revoke")

    def do(self, request: SignedInRequest, room: Room, number: int = 0, **_rest: Any) -> HttpResponse:
        _invitation(room, number).revoke()
        return done(request, room, _("The link lets nobody in any more."))


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
