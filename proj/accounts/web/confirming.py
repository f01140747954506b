"""The password asked again before a person gives access to others: a session that was left open or stolen cannot.

A sign-in, and each right answer, count for CONFIRMED_SECONDS. The question keeps the form that it interrupts: its page
carries the posted fields on. A form with a secret is not carried on, and is filled in anew after the question. Wrong
answers are counted with those of the sign-in page, by django-axes.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from axes.helpers import get_client_ip_address
from axes.utils import reset
from django.contrib import messages
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from proj.accounts.web.devices import person
from proj.accounts.web.secret_fields import has_secret

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

CONFIRMED_SECONDS = 600
CONFIRMED_AT = "confirmed_at"  # key in the session; its value is Unix time in seconds
PASSWORD_FIELD = "confirm_password"  # noqa: S105 - the name of a field
ANEW_FIELD = "confirm_anew"  # in the question about a form that is not carried on


def confirmed(view: View) -> View:
    """Decorate a view so that its POST asks for the password first, unless it was given lately."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return (question(request) if request.method == "POST" else None) or view(request, *args, **kwargs)

    return cast(View, wrapped)


def question(request: HttpRequest) -> HttpResponse | None:
    """Return the page that asks for the password before this POST, or None when the person is confirmed.

    A right password in the POST confirms the person, and is taken out of it. After the question about a form with a
    secret, return the way back to that form.
    """
    post = request.POST.copy()
    given = post.pop(PASSWORD_FIELD, [None])[-1]
    anew = post.pop(ANEW_FIELD, None) is not None
    request.POST = post  # type: ignore[assignment]  # a later view may as well change it
    right = is_confirmed(request)
    if not right and given is not None and is_password(request, given):
        note(request)
        right = True
    if right and anew:
        messages.info(request, _("Enter this form again: passwords in a form are not kept."))
        return redirect(request.get_full_path())
    if right:
        return None
    anew = anew or has_secret(request)
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    carried = [(ANEW_FIELD, "1")] if anew else [each for each in fields if each[0] != "csrfmiddlewaretoken"]
    context = {"fields": carried, "field": PASSWORD_FIELD, "anew": anew, "wrong": given is not None}
    page = render(request, "accounts/confirm.html", context, status=403)
    add_never_cache_headers(page)
    return page


def is_confirmed(request: HttpRequest) -> bool:
    """Return whether the person has given the password lately, or has none that could be asked for."""
    at = request.session.get(CONFIRMED_AT, 0)
    return 0 <= time.time() - at < CONFIRMED_SECONDS or not person(request).has_usable_password()


@sensitive_variables("password")
def is_password(request: HttpRequest, password: str) -> bool:
    """Return whether this is the password of the request's person. A wrong one counts as a failed sign-in."""
    user = person(request)
    found = authenticate(request, username=user.get_username(), password=password)
    if found is None or found.pk != user.pk:
        return False
    reset(username=user.get_username(), ip=get_client_ip_address(request))
    return True


def note(request: HttpRequest) -> None:
    """Note that the person of the request has just shown the password, or a link that stands for it."""
    request.session[CONFIRMED_AT] = int(time.time())
