"""The list of a person's sessions, and the pages that ask before they end some."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from proj.accounts import sessions
from proj.accounts.models import SessionRecord
from proj.accounts.records.models import hash_of
from proj.accounts.web.devices import person


@method_decorator(never_cache, name="dispatch")
class Sessions(LoginRequiredMixin, View):
    """All sessions of the person, this one first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        mine = _hash(request)
        found = sorted(sessions.listed(person(request)), key=lambda record: record.key_hash != mine)
        context = {"records": found, "mine": mine, "others": any(record.key_hash != mine for record in found)}
        return render(request, "accounts/sessions.html", context)


@method_decorator(never_cache, name="dispatch")
class EndSession(LoginRequiredMixin, View):
    """Ask whether one session is to end, and end it."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        record = _record(request, number)
        follows = _("Its open pages close within seconds, and the next one there asks for your password.")
        words = {"question": _("Sign out there?"), "follows": follows, "verb": _("Sign out there"), "record": record}
        return render(request, "accounts/end_session.html", words)

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        sessions.end_one(person(request), _record(request, number))
        messages.success(request, _("That session has ended."))
        return redirect("accounts:sessions")


@method_decorator(never_cache, name="dispatch")
class EndOtherSessions(LoginRequiredMixin, View):
    """Ask whether all sessions but this one are to end, and end them."""

    def get(self, request: HttpRequest) -> HttpResponse:
        follows = _("All your sessions but this one end, on every device. Their open pages close within seconds.")
        verb = _("Sign out everywhere else")
        words: dict[str, Any] = {"question": _("Sign out everywhere else?"), "follows": follows, "verb": verb}
        return render(request, "accounts/end_session.html", words)

    def post(self, request: HttpRequest) -> HttpResponse:
        sessions.end_others(person(request), request.session.session_key or "")
        messages.success(request, _("You are signed in here only."))
        return redirect("accounts:sessions")


def _hash(request: HttpRequest) -> str:
    return hash_of(request.session.session_key or "")


def _record(request: HttpRequest, number: int) -> SessionRecord:
    """Return the person's own record with this number, of another session than this one. Raise Http404."""
    mine = SessionRecord.objects.filter(user=person(request))
    found = mine.lasting().exclude(key_hash=_hash(request)).filter(pk=number).first()
    if found is None:
        raise Http404("There is no such session.")
    return found
