"""The device of a request: its browser, its address, and a cookie that names the people who have signed in on it."""

import ipaddress
from typing import cast

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from proj.accounts.models import User
from proj.accounts.records import agents

COOKIE = "device"
COOKIE_SECONDS = 400 * 24 * 3600  # browsers keep no cookie for longer
COOKIE_SALT = "proj.accounts.web.devices"
REMEMBERED_PEOPLE = 50  # that one device remembers; of a screen in an operations room perhaps


def person(request: HttpRequest) -> User:
    """Return the person who is signed in, which the caller has made sure of."""
    return cast(User, request.user)


def of(request: HttpRequest) -> agents.Device:
    """Return the browser and system of a request."""
    return agents.device(request.META.get("HTTP_USER_AGENT", ""))


def address(request: HttpRequest) -> str | None:
    """Return the client's address, which nginx gives; None where there is none, as in a test."""
    try:
        return str(ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None


def is_known(request: HttpRequest, person: User) -> bool:
    """Return whether this person has signed in on the device of the request before."""
    return person.pk in _people(request)


def remember(request: HttpRequest, response: HttpResponse) -> None:
    """Have the device remember that the person of the request has signed in on it."""
    others = [person for person in _people(request) if person != request.user.pk]
    response.set_cookie(
        COOKIE,
        signing.dumps([*others, request.user.pk][-REMEMBERED_PEOPLE:], salt=COOKIE_SALT),
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _people(request: HttpRequest) -> list[int]:
    try:
        people = signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE_SALT, max_age=COOKIE_SECONDS)
    except signing.BadSignature:
        return []
    return [person for person in people if isinstance(person, int)]
