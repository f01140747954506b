"""The shared parts of views behind sign-in: the request's type, the decorator, numbers of a query, error answers.

It imports only accounts, so that every app with pages can import it.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar, overload

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase, JsonResponse, QueryDict
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from proj.accounts.limits.counting import TooOften
from proj.accounts.models import User

Response = TypeVar("Response", bound=HttpResponseBase)
View = TypeVar("View", bound=Callable[..., HttpResponseBase])

MAX_NUMBER_DIGITS = 19  # as many as the largest number of 64 bits has


class SignedInRequest(HttpRequest):
    """A request that login_required let through: its `user` is a person."""

    user: User


def page(methods: str | None = "GET", *, cache: Callable[[Any], Any] | None = never_cache) -> Callable[[View], View]:
    """Return the decorator of a view for signed-in people; the view may answer with a page or with JSON.

    Without a session every method is redirected to the sign-in page. `methods` are "GET" (which allows HEAD as well),
    "POST" or "GET,POST"; other methods get 405. None leaves the methods to the view. `cache` is the decorator that
    sets the cache headers of all these answers.
    """

    def decorated(view: View) -> View:
        guarded = login_required(_restricted(view, methods))
        return cache(guarded) if cache else guarded

    return decorated


def _restricted(view: View, methods: str | None) -> View:
    if methods is None:
        return view
    return require_http_methods(methods.replace("GET", "GET,HEAD").split(","))(view)


@overload
def whole_number(values: QueryDict, name: str, *, maximum: int, default: int) -> int: ...
@overload
def whole_number(values: QueryDict, name: str, *, maximum: int, default: None = None) -> int | None: ...
def whole_number(values: QueryDict, name: str, *, maximum: int, default: int | None = None) -> int | None:
    """Return the field `name` of a query or a form as a number from 1 to `maximum`, and `default` without the field.

    Raise ValueError with a sentence for the client when the field holds anything else.
    """
    text = values.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) <= MAX_NUMBER_DIGITS and 1 <= int(text) <= maximum:
        return int(text)
    raise ValueError(f"{name} must be a whole number from 1 to {maximum}.")


def slow_down(response: Response, error: TooOften) -> Response:
    """Return `response` as the answer to a person who does something too often: 429, with the time to wait."""
    response.status_code = 429
    response["Retry-After"] = str(math.ceil(error.retry_after))
    return response


def protocol_error(status: int, code: str, detail: str) -> JsonResponse:
    """Return an error in the form of the socket protocol's error frames (docs/protocol.md)."""
    return JsonResponse({"type": "error", "code": code, "detail": detail}, status=status)
