"""Sessions for sockets and commands, which have a session key and no request: find its person, make one, end all."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from proj.accounts import access
from proj.accounts.models import User


def _store(key: str | None) -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def person_of(session_key: str) -> User | None:
    """Return the active person signed in by this session, or None. See people_of()."""
    return people_of([session_key]).get(session_key)


def people_of(session_keys: Iterable[str]) -> dict[str, User]:
    """Return the active people signed in by these sessions, by key. It takes two queries altogether, and no write.

    The rules are those of django.contrib.auth.get_user(): a session made under an earlier password is nobody's.
    """
    # Our session keys are alphanumeric; PostgreSQL would refuse to search for a NUL.
    keys = {key for key in session_keys if key.isascii() and key.isalnum()}
    store = _store(None)
    rows = store.get_model_class().objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    sessions = {row.session_key: store.decode(row.session_data) for row in rows}
    numbers = {content.get(SESSION_KEY) for content in sessions.values()} - {None}
    people = {str(person.pk): person for person in User.objects.filter(pk__in=numbers, is_active=True)}
    found = {}
    for key, content in sessions.items():
        person = people.get(str(content.get(SESSION_KEY)))
        if person is not None and _fits(content, person):
            found[key] = person
    return found


def end_all(person: User) -> None:
    """Sign `person` out everywhere: all sessions end, and the open sockets close."""
    store = _store(None)
    rows = store.get_model_class().objects.filter(expire_date__gt=timezone.now())
    # No column of a session names its person. There are thousands of sessions, and this happens once in a while.
    theirs = [row.pk for row in rows.iterator() if store.decode(row.session_data).get(SESSION_KEY) == str(person.pk)]
    for key in theirs:
        _store(key).delete()
    access.changed(person.pk)


def _fits(content: Mapping[str, str], person: User) -> bool:
    """Return whether the session was made under the person's present password, by a backend that is in use."""
    if content.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return False
    given = content.get(HASH_SESSION_KEY, "")
    hashes = (person.get_session_auth_hash(), *person.get_session_auth_fallback_hash())
    return any(constant_time_compare(given, right) for right in hashes)


@contextmanager
def session_for(person: User, seconds: int) -> Iterator[str]:
    """Yield the key of a session of `person`, made straight in the database for at most `seconds`, then end it."""
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
