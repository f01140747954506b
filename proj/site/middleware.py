"""Answers in place of views': to addresses that are not UTF-8 or hold a NUL, and while the database is busy."""

import logging
import re
import sys
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views import defaults

from proj.accounts.web.secret_fields import has_secret
from proj.outages import is_busy
from proj.site.http import protocol_error

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5

# Django leaves a byte that it cannot decode escaped; ASGI servers write U+FFFD instead. PostgreSQL refuses a NUL.
BROKEN = re.compile(r"%[89A-F][0-9A-F]|\ufffd|\0")


class ReadableAddressMiddleware:
    """Answer 404 to an address that is not UTF-8, which else would be read as another name: `%FF` as a room's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if BROKEN.search(request.path_info) and not _readable(request):
            raise Http404("This address is not UTF-8.")
        return self.get_response(request)


def _readable(request: HttpRequest) -> bool:
    """Return whether the address as the client sent it is UTF-8: a name may hold the text `%FF`, sent as `%25FF`."""
    sent = request.META.get("REQUEST_URI")  # nginx passes it on
    if sent is None:
        return False
    try:
        return "\0" not in unquote_to_bytes(sent.partition("?")[0]).decode()
    except UnicodeDecodeError:
        return False


class BusyDatabaseMiddleware:
    """Answer 503 when a view could not read or write because the database was locked, full or away.

    A page says so and can send its form again; other callers get `busy` in the protocol's form.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not is_busy(exception):
            return None
        logger.warning("%s %s: the database is busy: %s", request.method, request.path, exception)
        return busy_answer(request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for an error outside of views, as in the storing of a session: Django's handler500."""
    error = sys.exc_info()[1]
    if error is not None and is_busy(error):
        return busy_answer(request)
    return defaults.server_error(request)


def busy_answer(request: HttpRequest) -> HttpResponse:
    """Return the answer with status 503, as a page for a browser that asks for one. It reads no database."""
    if "text/html" in request.headers.get("Accept", ""):
        secret = has_secret(request)  # such a form is filled in again by hand
        fields = [] if secret else [(name, text) for name, texts in request.POST.lists() for text in texts]
        context = {"sends": request.method == "POST" and not secret, "fields": fields, "path": request.get_full_path()}
        answer = HttpResponse(render_to_string("503.html", context), status=503)
    else:
        sentence = gettext("The database is busy: this could not be done just now. Try again in a moment.")
        answer = protocol_error(503, "busy", sentence)
    answer["Retry-After"] = str(RETRY_AFTER_SECONDS)
    answer["Cache-Control"] = "no-store"
    return answer
