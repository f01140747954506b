"""People in Django's admin."""

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from proj.accounts.models import User

if TYPE_CHECKING:
    Base = UserAdmin[User]
else:
    Base = UserAdmin  # takes no type argument when it runs

admin.site.unregister(Group)  # nothing in Signalbox asks for a group


@admin.register(User)
class PeopleAdmin(Base):
    """Django's page for users, with the two things that an administrator does to people here."""

    actions = ["deactivate", "make_link"]
    list_display = ["username", "first_name", "last_name", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_superuser", "is_staff"]

    def has_link_permission(self, request: HttpRequest) -> bool:
        # A link is a way to become somebody else, so changing people is not enough for it.
        return bool(request.user.is_superuser)

    @admin.action(description=_("Deactivate the selected people"), permissions=["change"])
    def deactivate(self, request: HttpRequest, people: QuerySet[User]) -> None:
        others = people.exclude(username=request.user.get_username())  # nobody shuts themselves out by accident
        count = 0
        for person in others.filter(is_active=True):
            person.deactivate()
            self.log_change(request, person, "Deactivated.")
            count += 1
        self.message_user(
            request, ngettext("%d person deactivated.", "%d people deactivated.", count) % count, messages.SUCCESS
        )

    @admin.action(description=_("Make one-time sign-in links"), permissions=["link"])
    def make_link(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse:
        made = []
        for person in people.filter(is_active=True):
            made.append((person, person.sign_in_link()))
            self.log_change(request, person, "Made a one-time sign-in link.")
        # Shown on this page only: a message would travel through a cookie, a redirect through a log.
        context = {**self.admin_site.each_context(request), "title": _("One-time sign-in links"), "made": made}
        return TemplateResponse(request, "accounts/admin_links.html", context)
