"""Values for every template of a signed-in person."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from proj.accounts.models import SessionRecord
from proj.accounts.preferences import Preferences
from proj.accounts.records.waiting import brief_wait


def new_devices(request: HttpRequest) -> dict[str, "SimpleLazyObject[list[SessionRecord]]"]:
    """Return `new_devices` that have signed in as the person, each once in every session."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}

    def read() -> list[SessionRecord]:
        found: list[SessionRecord] = []
        with brief_wait("tell of a new device"):
            found = SessionRecord.objects.all().news(user.pk, request.session.session_key or "")
            if found:
                SessionRecord.objects.all().tell(request.session.session_key or "", found)
        return found

    return {"new_devices": SimpleLazyObject(read)}


def preferences(request: HttpRequest) -> dict[str, "SimpleLazyObject[Preferences]"]:
    """Return `preferences` of the signed-in person: those that LanguageMiddleware has read, or else read when used."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    found: Preferences | None = getattr(request, "preferences", None)
    same = found is not None and found.user_id == user.pk  # a person may have signed in since
    return {"preferences": SimpleLazyObject(lambda: found if found and same else Preferences.of(user))}
