"""Sessions by their keys, for sockets, commands and lists, which have no request: find people, make one, end some."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from proj.accounts.models import SessionRecord, User
from proj.accounts.records.models import hash_of

SESSION_GRACE = timedelta(minutes=5)  # in which tidy() leaves a record alone: the session may be getting a new key
SESSIONS_AT_ONCE = 500  # that tidy() reads with one query


def _store(key: str | None) -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def model() -> type[AbstractBaseSession]:
    """Return the model of the sessions. The receiver of its post_delete has the open sockets checked."""
    found: type[AbstractBaseSession] = _store(None).get_model_class()
    return found


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
    rows = model().objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
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
    _end(person, lambda _key: True)


def end_others(person: User, session_key: str) -> None:
    """End all sessions of `person` but this one. Their open sockets close."""
    _end(person, lambda key: key != session_key)


def end_one(person: User, record: SessionRecord) -> None:
    """End the session of this record, if it is one of `person`. Its open sockets close."""
    _end(person, lambda key: hash_of(key) == record.key_hash)


def listed(person: User) -> list[SessionRecord]:
    """Return the records of the sessions in which `person` is signed in now, the newest first."""
    records = {record.key_hash: record for record in person.session_records.lasting()}
    keys = [key for key in _unexpired().values_list("session_key", flat=True).iterator() if hash_of(key) in records]
    found = [records[hash_of(key)] for key, found in people_of(keys).items() if found == person]
    return sorted(found, key=lambda record: record.seen_at, reverse=True)


def tidy() -> None:
    """Delete expired sessions, mark the records of sessions that have ended, and delete old records."""
    _store(None).clear_expired()
    before = timezone.now() - SESSION_GRACE
    lasting = set(SessionRecord.objects.lasting().filter(seen_at__lt=before).values_list("key_hash", flat=True))
    keys = [key for key in _unexpired().values_list("session_key", flat=True).iterator() if hash_of(key) in lasting]
    for start in range(0, len(keys), SESSIONS_AT_ONCE):
        lasting -= {hash_of(key) for key in people_of(keys[start : start + SESSIONS_AT_ONCE])}
    ended = sorted(lasting)
    for start in range(0, len(ended), SESSIONS_AT_ONCE):
        SessionRecord.objects.filter(key_hash__in=ended[start : start + SESSIONS_AT_ONCE]).end()
    SessionRecord.objects.all().delete_old()


def _unexpired() -> QuerySet[Any]:
    found: QuerySet[Any] = model().objects.filter(expire_date__gt=timezone.now())
    return found


def _end(person: User, chosen: Callable[[str], bool]) -> None:
    """End the sessions of `person` whose keys are chosen."""
    store = _store(None)
    # No column of a session names its person. There are thousands of sessions, and this happens once in a while.
    theirs = [
        row.pk
        for row in _unexpired().iterator()
        if chosen(row.pk) and store.decode(row.session_data).get(SESSION_KEY) == str(person.pk)
    ]
    with transaction.atomic():
        for key in theirs:
            _store(key).delete()
        person.session_records.filter(key_hash__in=[hash_of(key) for key in theirs]).end()


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
        SessionRecord.objects.filter(key_hash=hash_of(session.session_key)).delete()
