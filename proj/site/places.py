"""Where somebody may go besides rooms: for the dialog of Ctrl+K, which asks when it is opened."""

from collections.abc import Iterator
from typing import cast

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from proj.accounts.models import User
from proj.rooms.models import Room
from proj.runs.models import Service

MOST = 200  # services, and people

Place = dict[str, str]  # its `name`, its `address`, and in a word or two what it is `about`


@never_cache
@login_required
@require_safe
def places(request: HttpRequest) -> JsonResponse:
    """A list of Places, in the order in which they are offered."""
    user = cast("User", request.user)
    return JsonResponse([*_pages(), *_services(user), *_managed(request), *_people(request)], safe=False)


def _pages() -> Iterator[Place]:
    """The pages that everybody has."""
    pages = (
        (_("Rooms"), "rooms:list"),
        (_("Runs"), "runs:list"),
        (_("Services"), "runs:services"),
        (_("Search"), "rooms:search"),
        (_("Settings"), "accounts:settings"),
        (_("Change password"), "accounts:password"),
        (_("Make a room"), "rooms:new"),
    )
    for name, view in pages:
        yield _place(name, reverse(view), _("page"))


def _services(user: User) -> Iterator[Place]:
    """The services that `user` may see."""
    for service in Service.objects.for_viewers(user).order_by("name", "uid")[:MOST]:
        yield _place(service.name, service.get_absolute_url(), _("service"), service.uid)


def _managed(request: HttpRequest) -> Iterator[Place]:
    """The administrators' pages, as far as this is one."""
    pages = (
        (_may_see(request, User), _("People"), "admin:accounts_user_changelist"),
        (request.user.is_superuser, _("Invite a person"), "admin:invite"),
        (_may_see(request, Room), _("Rooms"), "admin:rooms_room_changelist"),
        (_may_see(request, Service), _("Services"), "admin:runs_service_changelist"),
    )
    for may, name, view in pages:
        if may:
            yield _place(name, reverse(view), _("administration"))


def _people(request: HttpRequest) -> Iterator[Place]:
    """The administrators' pages of people."""
    if not _may_see(request, User):
        return
    people = User.objects.filter(is_active=True).order_by("username")
    for pk, name, display_name in people.values_list("pk", "username", "display_name")[:MOST]:
        yield _place(display_name or name, reverse("admin:accounts_user_change", args=[pk]), _("person"), name)


def _may_see(request: HttpRequest, model: type[User | Room | Service]) -> bool:
    return admin.site.has_permission(request) and admin.site.get_model_admin(model).has_view_permission(request)


def _place(name: str, address: str, kind: str, known_as: str = "") -> Place:
    about = kind if known_as in ("", name) else f"{known_as} · {kind}"
    return {"name": name, "address": address, "about": about}
