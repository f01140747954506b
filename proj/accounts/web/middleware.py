"""The language of the pages, and the record of each session."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from proj.accounts.models import SessionRecord
from proj.accounts.preferences import Preferences
from proj.accounts.records.models import SEEN_PERIOD
from proj.accounts.records.waiting import brief_wait
from proj.accounts.web import devices
from proj.monotonic import NEVER

MAX_REMEMBERED = 10_000  # sessions of which a process remembers its last look


class LanguageMiddleware:
    """Activate the language that the person has chosen. It stands after LocaleMiddleware, AuthenticationMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            preferences = Preferences.of(request.user)
            request.preferences = preferences  # type: ignore[attr-defined]  # for the context processor of the site
            language = preferences.language
            if language:
                translation.activate(language)
                request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)


class SessionRecordMiddleware:
    """Keep the record of each session: a look once a minute, and a write where that look finds something to write."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._looked_at: dict[str, float] = {}  # by session key, on the monotonic clock

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = request.session.session_key if request.user.is_authenticated else None
        found = before is not None and self._see(request, before)
        response = self.get_response(request)
        after = request.session.session_key if request.user.is_authenticated else None
        if before is not None and before != after:
            with brief_wait("follow a session to its new key"):
                SessionRecord.objects.all().move(before, after)
        if found or (after is not None and before is None):
            devices.remember(request, response)
        return response

    def _see(self, request: HttpRequest, key: str) -> bool:
        """Note that the session is in use. Return whether it had no record: it is older than the records."""
        now = time.monotonic()
        if now - self._looked_at.get(key, NEVER) < SEEN_PERIOD.total_seconds():
            return False
        if len(self._looked_at) >= MAX_REMEMBERED:
            self._looked_at.clear()
        self._looked_at[key] = now  # before the look: a database that is locked is not asked for every page
        with brief_wait("note that a session is in use"):
            device, address = devices.of(request), devices.address(request)
            return SessionRecord.objects.all().see(devices.person(request).pk, key, device, address)
        return False
