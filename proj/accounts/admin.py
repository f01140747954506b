"""People in Django's admin."""

from typing import TYPE_CHECKING

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from proj.accounts import sessions
from proj.accounts.models import User
from proj.accounts.web import confirming

if TYPE_CHECKING:
    Base = UserAdmin[User]
else:
    Base = UserAdmin  # takes no type argument at run time

admin.site.unregister(Group)  # nothing in Signalbox asks for a group


class InviteForm(forms.Form):
    """The name of the person to invite."""

    name = forms.CharField(label=_("Name"), help_text=_("Letters, digits and @.+-_ in any script, to sign in with."))
    administrator = forms.BooleanField(label=_("An administrator"), required=False)
    person: User

    def clean(self) -> None:
        if self.errors:
            return
        try:
            self.person = User.objects.add(self.cleaned_data["name"], admin=self.cleaned_data["administrator"])
        except forms.ValidationError as error:
            raise forms.ValidationError(error.messages) from None  # `error` names a field that this form lacks


@admin.register(User)
@method_decorator(confirming.confirmed, name="changeform_view")
@method_decorator(confirming.confirmed, name="user_change_password")
@method_decorator(confirming.confirmed, name="invite")
class PeopleAdmin(Base):
    """Django's page for users, with invitations, sign-in links and actions on several people."""

    actions = ["deactivate", "sign_out", "make_link"]
    change_list_template = "accounts/admin_people.html"
    list_display = ["username", "display_name", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_superuser", "is_staff"]
    search_fields = ["username", "display_name", "first_name", "last_name", "email"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Personal info"), {"fields": ["display_name", "first_name", "last_name", "email"]}),
        *(UserAdmin.fieldsets or ())[2:],
    ]

    def has_link_permission(self, request: HttpRequest) -> bool:
        # A link lets its holder act as another person, so the permission to change people is not enough.
        return bool(request.user.is_superuser)

    @admin.action(description=_("Deactivate the selected people"), permissions=["change"])
    def deactivate(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse | None:
        # Administrators cannot lock themselves out by accident.
        others = list(people.exclude(username=request.user.get_username()).filter(is_active=True))
        if others and "confirmed" not in request.POST:
            question = [
                gettext("Deactivate these people?"),
                gettext(
                    "Their open pages close at once, and they cannot sign in until somebody makes them active again. "
                    "What they wrote stays."
                ),
            ]
            return self._ask(request, "deactivate", others, question, gettext("Deactivate"))
        for person in others:
            person.deactivate()
            self.log_change(request, person, "Deactivated.")
        count = len(others)
        words = ngettext("%d person deactivated.", "%d people deactivated.", count) % count
        self.message_user(request, words, messages.SUCCESS)
        return None

    @admin.action(description=_("Sign the selected people out everywhere"), permissions=["change"])
    def sign_out(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse | None:
        if people and "confirmed" not in request.POST:
            question = [
                gettext("Sign these people out everywhere?"),
                gettext(
                    "All their sessions end at once, on every device, and nobody can bring them back. "
                    "They can sign in again."
                ),
            ]
            return self._ask(request, "sign_out", list(people), question, gettext("Sign out everywhere"))
        for person in people:
            sessions.end_all(person)
            self.log_change(request, person, "Signed out everywhere.")
        count = len(people)
        words = ngettext("%d person is signed out.", "%d people are signed out.", count) % count
        self.message_user(request, words, messages.SUCCESS)
        return None

    def _ask(
        self, request: HttpRequest, action: str, people: list[User], question: list[str], verb: str
    ) -> HttpResponse:
        """Return the page that asks before `action`: question and consequences, and the button's text `verb`."""
        title, follows = question
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "follows": follows,
            "verb": verb,
            "action": action,
            "people": people,
        }
        return TemplateResponse(request, "accounts/admin_confirm.html", context)

    def get_urls(self) -> list[URLPattern]:
        return [path("invite/", self.admin_site.admin_view(self.invite), name="invite"), *super().get_urls()]

    def invite(self, request: HttpRequest) -> HttpResponse:
        """Add a person and show the one-time link that signs the person in."""
        if not self.has_link_permission(request):
            raise PermissionDenied
        form = InviteForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            self.log_addition(request, form.person, "Invited.")
            return self._links(request, [form.person])
        context = {**self.admin_site.each_context(request), "title": _("Invite a person"), "form": form}
        return TemplateResponse(request, "accounts/admin_invite.html", context)

    @admin.action(description=_("Make one-time sign-in links"), permissions=["link"])
    def make_link(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse:
        if asked := confirming.question(request):
            return asked
        active = list(people.filter(is_active=True))
        for person in active:
            self.log_change(request, person, "Made a one-time sign-in link.")
        return self._links(request, active)

    def _links(self, request: HttpRequest, people: list[User]) -> HttpResponse:
        made = [(person, person.sign_in_link()) for person in people]
        # The links are shown on this page only: a message would travel in a cookie, a redirect through a log.
        context = {**self.admin_site.each_context(request), "title": _("One-time sign-in links"), "made": made}
        return TemplateResponse(request, "accounts/admin_links.html", context)
