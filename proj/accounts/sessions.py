"""Sessions for doors that have a cookie and no request: who one belongs to, and one for a moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user

from proj.accounts.models import User


class _Glance(dict[str, Any]):
    """A session's content for looking at. Django's get_user() tidies up in the session; a glance changes nothing."""

    def flush(self) -> None: ...

    def cycle_key(self) -> None: ...


def _store(key: str | None) -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def person_of(session_key: str) -> User | None:
    """Return the active person signed in by this session, or None. Two reads of the database, no write.

    The rules are those of django.contrib.auth.get_user(): a session made under an earlier password is nobody's.
    """
    if not (session_key.isascii() and session_key.isalnum()):
        return None  # never one of ours, and PostgreSQL would refuse to look for a NUL
    person = get_user(SimpleNamespace(session=_Glance(_store(session_key).load())))  # type: ignore[arg-type]
    return person if isinstance(person, User) else None


@contextmanager
def session_for(person: User, seconds: int) -> Iterator[str]:
    """A session of `person` made straight in the database, for at most `seconds`; gives its key, and ends it."""
    session = _store(None)
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.set_expiry(seconds)
    session.create()
    try:
        yield session.session_key
    finally:
        session.delete()
