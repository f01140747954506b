"""Every page of rooms, runs and the site: sign-in first, then the method, and the cache headers on each answer."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from proj.accounts.models import User

pytestmark = pytest.mark.django_db

SAMPLES = {"name": "nowhere", "seq": 1, "number": 1, "who": "nobody", "uid": "nothing", "id": UUID(int=1)}
SAFE, POST, BOTH = "GET, HEAD", "POST", "GET, HEAD, POST"
NEVER_CACHED = "max-age=0, no-cache, no-store, must-revalidate, private"
ALLOWED = {
    "site:places": SAFE,
    "site:settings": BOTH,
    "rooms:list": None,
    "rooms:room": SAFE,
    "rooms:messages": SAFE,
    "rooms:mute": POST,
    "rooms:unread": BOTH,
    "rooms:message": SAFE,
    "rooms:search": SAFE,
    "rooms:settings": SAFE,
    "rooms:rename": POST,
    "rooms:keep": POST,
    "rooms:invite": POST,
    "rooms:make-link": POST,
    "rooms:revoke-link": BOTH,
    "rooms:remove-member": BOTH,
    "rooms:leave": BOTH,
    "rooms:archive": BOTH,
    "rooms:unarchive": POST,
    "rooms:new": BOTH,
    "rooms:emoji": SAFE,
    "rooms:cards": SAFE,
    "rooms:side": SAFE,
    "rooms:join": BOTH,
    "runs:services": SAFE,
    "runs:names": SAFE,
    "runs:service": None,
    "runs:ends": POST,
    "runs:list": SAFE,
    "runs:start": POST,
    "runs:cancel_named": POST,
    "runs:run": SAFE,
    "runs:cancel": POST,
    "runs:again": BOTH,
    "runs:lines": SAFE,
    "runs:search": SAFE,
    "runs:group": SAFE,
    "runs:raw": SAFE,
    "runs:download": SAFE,
}
CACHED = {"rooms:mute": None, "rooms:emoji": "private, max-age=86400"}


def named(patterns: list[URLPattern | URLResolver], namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every URL of rooms, runs and the site, by its full name."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace in ("rooms", "runs", "site"):
                yield from named(pattern.url_patterns, f"{pattern.namespace}:")
        elif namespace:
            yield f"{namespace}{pattern.name}", pattern


URLS = dict(named(get_resolver().url_patterns))


def address(name: str) -> str:
    converters = URLS[name].pattern.converters
    return reverse(name, kwargs={each: SAMPLES[each] for each in converters})


def test_every_url_is_in_the_table() -> None:
    assert URLS.keys() == ALLOWED.keys()


@pytest.mark.parametrize("name", ALLOWED)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_without_signing_in_every_method_leads_to_the_sign_in_page(name: str, method: str) -> None:
    answer = Client().generic(method, address(name))
    assert (answer.status_code, answer["Location"]) == (302, f"/sign-in/?next={address(name)}")
    assert answer.get("Cache-Control") == CACHED.get(name, NEVER_CACHED)


@pytest.mark.parametrize("name", ALLOWED)
def test_other_methods_are_refused(alice: User, name: str) -> None:
    allowed = ALLOWED[name]
    client = Client()
    client.force_login(alice)
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        answer = client.generic(method, address(name))
        if allowed is None or method in allowed.split(", "):
            assert answer.status_code != 405, method
        else:
            assert (answer.status_code, answer["Allow"]) == (405, allowed), method
            assert answer.get("Cache-Control") == CACHED.get(name, NEVER_CACHED)


@pytest.mark.parametrize("path", ["/chat/", "/rooms/side/"])
def test_a_page_reads_the_rooms_and_the_preferences_once(client: Client, alice: User, path: str) -> None:
    client.force_login(alice)
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    for table in ("rooms_room", "accounts_preferences"):
        assert len([query for query in queries if f'FROM "{table}"' in query["sql"]]) == 1, table
