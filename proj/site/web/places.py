"""The places of accounts: a person's own pages, and the administrators' pages of people."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from proj.accounts.models import User
from proj.site import places
from proj.site.http import SignedInRequest
from proj.site.places import Place

MAX_PEOPLE = 200

may_view_people = places.may_view(User)


def people(request: SignedInRequest) -> Iterator[Place]:
    """The administrators' pages of active people."""
    if not may_view_people(request):
        return
    found = User.objects.filter(is_active=True).order_by("username")
    for pk, name, display_name in found.values_list("pk", "username", "display_name")[:MAX_PEOPLE]:
        about = f"{name} · {_('person')}" if display_name not in ("", name) else _("person")
        yield Place(display_name or name, reverse("admin:accounts_user_change", args=[pk]), about)


places.register_page(50, gettext_lazy("Settings"), "site:settings")
places.register_page(60, gettext_lazy("Change password"), "accounts:password")
places.register_page(65, gettext_lazy("Your sessions"), "accounts:sessions")
places.register_admin_page(200, gettext_lazy("People"), "admin:accounts_user_changelist", may_view_people)
places.register_admin_page(
    210, gettext_lazy("Invite a person"), "admin:invite", lambda request: request.user.is_superuser
)
places.register(300, people)
