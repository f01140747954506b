"""Addresses whose bytes are not UTF-8, or hold a NUL: there is nothing at any of them."""

import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.http import Http404, HttpRequest, HttpResponse

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
