"""Sign-in by password and by one-time link, sign-out, and the choice of a password."""

import logging
import time
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth import login, views
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from proj.accounts.web.forms import ChangeForm, LinkForm

if TYPE_CHECKING:
    LinkFormView = FormView[LinkForm]
else:
    LinkFormView = FormView  # takes no type argument at run time

log = logging.getLogger(__name__)
BY_LINK = "signed_in_by_link_at"  # key in the session; its value is Unix time in seconds
LINK_STANDS_FOR_PASSWORD_SECONDS = 15 * 60


class SignIn(views.LoginView):
    """Sign-in by name and password. django-axes counts failures and answers 429 (accounts/locked.html)."""

    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True


class SignOut(views.LogoutView):
    """Sign-out, which takes a POST."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        messages.success(request, _("You are signed out."))
        return response


@method_decorator([sensitive_post_parameters("code"), csrf_protect, never_cache], name="dispatch")
class Link(LinkFormView):
    """Sign-in by one-time link. A GET uses no link up, so that mail scanners and previews cannot."""

    # Attempts are not counted here: a token is 128 bits of an HMAC, so no rate that nginx lets through will ever
    # guess one, and a counter by name would let strangers lock a person out of a valid link.
    template_name = "accounts/link.html"
    form_class = LinkForm

    def form_valid(self, form: LinkForm) -> HttpResponse:
        login(self.request, form.person, backend="django.contrib.auth.backends.ModelBackend")
        self.request.session[BY_LINK] = int(time.time())
        return redirect("accounts:password")

    def form_invalid(self, form: LinkForm) -> HttpResponse:
        log.warning("a sign-in link was refused")
        return super().form_invalid(form)


@method_decorator(never_cache, name="dispatch")
class Password(views.PasswordChangeView):
    """Choose or change the password. This session stays; all others of the person end: their hash no longer fits."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("rooms:list")

    def get_form_class(self) -> type[Any]:
        # The form asks for the old password unless there is none or a link has just stood in for it.
        if self.has_password() and not _came_by_link(self.request):
            return ChangeForm
        return SetPasswordForm

    def get_form(self, form_class: type[Any] | None = None) -> Any:
        form = super().get_form(form_class)
        if isinstance(form, ChangeForm):
            form.request = self.request
        return form

    def has_password(self) -> bool:
        return self.request.user.is_authenticated and self.request.user.has_usable_password()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        by_link = _came_by_link(self.request)
        return super().get_context_data(
            may_skip=by_link, has_password=self.has_password(), skip_to=self.success_url, **kwargs
        )

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        self.request.session.pop(BY_LINK, None)
        messages.success(self.request, _("Your password is set."))
        return response


def _came_by_link(request: HttpRequest) -> bool:
    """Return whether a one-time link opened this session within the last LINK_STANDS_FOR_PASSWORD_SECONDS."""
    at = request.session.get(BY_LINK, 0)
    return bool(0 <= time.time() - at < LINK_STANDS_FOR_PASSWORD_SECONDS)
