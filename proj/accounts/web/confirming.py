"""The password asked again before a person gives access to others: a session that was left open or stolen cannot.

A sign-in, and each right answer, count for CONFIRMED_SECONDS. The question keeps the form that it interrupts: its page
carries the posted fields on. Wrong answers are counted with those of the sign-in page, by django-axes.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from axes.helpers import get_client_ip_address
from axes.utils import reset
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.debug import sensitive_variables

from proj.accounts.web.devices import person

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

CONFIRMED_SECONDS = 600
CONFIRMED_AT = "confirmed_at"  # key in the session; its value is Unix time in seconds
PASSWORD_FIELD = "confirm_password"  # noqa: S105 - the name of a field


def confirmed(view: View) -> View:
    """Decorate a view so that its POST asks for the password first, unless it was given lately."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return (question(request) if request.method == "POST" else None) or view(request, *args, **kwargs)

    return cast(View, wrapped)


def question(request: HttpRequest) -> HttpResponse | None:
    """Return the page that asks for the password before this POST, or None when the person is confirmed.

    A right password in the POST confirms the person, and is taken out of it.
    """
    if is_confirmed(request):
        return None
    given = request.POST.get(PASSWORD_FIELD)
    if given is not None and is_password(request, given):
        note(request)
        post = request.POST.copy()
        del post[PASSWORD_FIELD]
        request.POST = post  # type: ignore[assignment]  # a later view may as well change it
        return None
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    carried = [(name, value) for name, value in fields if name not in (PASSWORD_FIELD, "csrfmiddlewaretoken")]
    context = {"fields": carried, "field": PASSWORD_FIELD, "wrong": given is not None}
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
