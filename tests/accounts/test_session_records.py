"""The records of sessions: made, kept up to date with few writes, ended; and the pages that list and end sessions."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from consumers.interface.chat.open_sessions import note_open
from proj.accounts import sessions
from proj.accounts.models import SessionRecord, User
from proj.accounts.records.agents import Device, device
from proj.accounts.records.models import MAX_RECORD_AGE, SEEN_PERIOD, hash_of
from proj.layer.messages import AccessChanged

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
AGENTS = {
    FIREFOX: ("Firefox", "Linux"),
    CHROME: ("Chrome", "Windows"),
    f"{CHROME} Edg/126.0.2592.56": ("Edge", "Windows"),
    f"{CHROME} OPR/112.0.0.0": ("Opera", "Windows"),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15": (
        "Safari",
        "macOS",
    ),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1 CriOS/126.0 Mobile Safari/604.1": (
        "Chrome",
        "iOS",
    ),
    "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 FxiOS/127.0 Mobile Safari/605.1.15": (
        "Firefox",
        "iOS",
    ),
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36": (
        "Chrome",
        "Android",
    ),
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36": ("Chrome", "ChromeOS"),
    "curl/8.5.0": ("", ""),
    "": ("", ""),
    "\x00<script>Firefox": ("", ""),
}


@pytest.mark.parametrize("agent", AGENTS)
def test_a_device_is_named_in_plain_words(agent: str) -> None:
    browser, system = AGENTS[agent]
    assert device(agent) == Device(browser, system)
    assert str(device(agent)) == (f"{browser} on {system}" if browser else "Unknown device")


def test_a_long_header_costs_little() -> None:
    assert device("x" * 10_000_000 + FIREFOX) == Device("", "")


def signed_in(person: User, agent: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    client = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    answer = client.post("/sign-in/", {"username": person.username, "password": f"{person}'s long passphrase"})
    assert answer.status_code == 302
    return client


def key(client: Client) -> str:
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def record(client: Client) -> SessionRecord:
    return SessionRecord.objects.get(key_hash=hash_of(key(client)))


def test_signing_in_makes_a_record_without_the_key(alice: User) -> None:
    client = signed_in(alice, address="2001:db8::5")
    found = record(client)
    assert (str(found.device), found.address, found.user) == ("Firefox on Linux", "2001:db8::5", alice)
    assert found.signed_in_at is not None
    assert key(client) not in str(SessionRecord.objects.values())


def test_signing_in_over_a_session_of_somebody_else_makes_one_too(alice: User, bob: User) -> None:
    client = signed_in(alice)
    earlier = key(client)
    client.post("/sign-in/link/", {"code": bob.sign_in_link().partition("#")[2]})
    assert record(client).user == bob
    assert SessionRecord.objects.get(key_hash=hash_of(earlier)).ended_at is not None


def test_requests_of_a_session_write_at_most_once_a_minute(alice: User) -> None:
    client = signed_in(alice)
    with CaptureQueriesContext(
        connection,
    ) as first:
        client.get("/password/")
    with CaptureQueriesContext(connection) as second:
        client.get("/password/")
    about = [query["sql"] for query in first.captured_queries if "accounts_sessionrecord" in query["sql"]]
    # It was seen when it was made. The other query reads the page's news of new devices.
    assert [sql.split()[0] for sql in about] == ["SELECT", "SELECT"]
    again = [query["sql"] for query in second.captured_queries if "accounts_sessionrecord" in query["sql"]]
    assert [sql.split()[0] for sql in again] == ["SELECT"]


def test_a_later_request_is_noted_with_its_address(alice: User) -> None:
    client = signed_in(alice)
    long_ago = timezone.now() - timedelta(hours=3)
    SessionRecord.objects.update(seen_at=long_ago)
    client.get("/password/", REMOTE_ADDR="198.51.100.9")
    found = record(client)
    assert found.seen_at > timezone.now() - timedelta(minutes=1)
    assert found.address == "198.51.100.9"


def test_a_session_from_before_the_upgrade_appears_with_its_next_request(alice: User) -> None:
    client = signed_in(alice)
    SessionRecord.objects.all().delete()
    page = client.get("/sessions/").content.decode()
    assert "Firefox on Linux" in page
    assert "this one" in page
    assert record(client).signed_in_at is None


def test_an_open_page_counts_as_seen(alice: User) -> None:
    client, other = signed_in(alice), signed_in(alice)
    long_ago = timezone.now() - timedelta(hours=3)
    SessionRecord.objects.update(seen_at=long_ago)
    note_open([key(client), "nosuchsession"])
    assert record(client).seen_at > long_ago
    assert record(other).seen_at == long_ago
    with CaptureQueriesContext(connection) as again:
        note_open([key(client)])
    assert [query["sql"].split()[0] for query in again.captured_queries if "sessionrecord" in query["sql"]] == [
        "SELECT"
    ]


def test_a_new_password_keeps_the_record_of_this_session_and_ends_the_others(alice: User) -> None:
    client, other = signed_in(alice), signed_in(alice, CHROME)
    number = record(client).pk
    change = {
        "old_password": "alice's long passphrase",
        "new_password1": "correct horse battery",
        "new_password2": "correct horse battery",
    }
    assert client.post("/password/", change).status_code == 302
    assert record(client).pk == number
    assert [one.pk for one in sessions.listed(alice)] == [number]
    assert other.get("/sessions/").status_code == 302


def test_signing_out_ends_the_record(alice: User) -> None:
    client = signed_in(alice)
    number = record(client).pk
    client.post("/sign-out/")
    assert SessionRecord.objects.get(pk=number).ended_at is not None
    assert sessions.listed(alice) == []


def test_a_page_lists_all_sessions_with_this_one_first(alice: User, bob: User) -> None:
    mine, other = signed_in(alice), signed_in(alice, CHROME, "198.51.100.9")
    signed_in(bob, "curl/8.5.0", "203.0.113.77")
    page = mine.get("/sessions/").content.decode().partition("<main")[2]
    assert page.index("Firefox on Linux") < page.index("this one") < page.index("Chrome on Windows")
    assert "198.51.100.9" in page
    assert "203.0.113.77" not in page
    for client in (mine, other):
        assert key(client) not in page
        assert hash_of(key(client)) not in page


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    messages: list[object] = []
    monkeypatch.setattr("proj.accounts.access.publish", messages.append)
    yield messages


def test_one_session_is_signed_out_after_a_question(alice: User, published: list[object]) -> None:
    mine, other, third = signed_in(alice), signed_in(alice, CHROME), signed_in(alice)
    address = f"/sessions/{record(other).pk}/end/"
    assert address in mine.get("/sessions/").content.decode()
    assert "Chrome on Windows" in mine.get(address).content.decode()
    assert sessions.person_of(key(other)) == alice  # asking ends nothing
    published.clear()
    assert mine.post(address)["Location"] == "/sessions/"
    assert [sessions.person_of(key(client)) for client in (mine, other, third)] == [alice, None, alice]
    assert published == [AccessChanged(user=alice.pk)]  # open sockets are checked at once
    assert "Chrome on Windows" not in mine.get("/sessions/").content.decode()


def test_everything_else_is_signed_out_even_without_a_record(alice: User, bob: User) -> None:
    mine, other, unrecorded = signed_in(alice), signed_in(alice, CHROME), signed_in(alice)
    foreign = signed_in(bob)
    record(unrecorded).delete()
    assert "Sign out everywhere else?" in mine.get("/sessions/others/end/").content.decode()
    mine.post("/sessions/others/end/")
    people = [sessions.person_of(key(client)) for client in (mine, other, unrecorded, foreign)]
    assert people == [alice, None, None, bob]


def test_nobody_ends_or_sees_sessions_of_another_person(alice: User, bob: User) -> None:
    mine, foreign = signed_in(alice), signed_in(bob)
    for number in (record(foreign).pk, record(mine).pk, 10**18):
        assert mine.get(f"/sessions/{number}/end/").status_code == 404
        assert mine.post(f"/sessions/{number}/end/").status_code == 404
    assert sessions.person_of(key(foreign)) == bob
    for path in ("/sessions/", "/sessions/1/end/", "/sessions/others/end/"):
        assert Client().get(path)["Location"] == f"/sign-in/?next={path}"


def test_ending_needs_the_form_of_our_own_page(alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert strict.post("/sessions/others/end/").status_code == 403


def test_the_clock_marks_ended_sessions_and_deletes_old_records(alice: User) -> None:
    lasting, expired, gone, old = (signed_in(alice) for _ in range(4))
    hour_ago = timezone.now() - timedelta(hours=1)
    SessionRecord.objects.update(seen_at=hour_ago)
    Session.objects.filter(pk=key(expired)).update(expire_date=hour_ago)
    Session.objects.filter(pk__in=[key(gone), key(old)]).delete()
    record(old).delete()
    SessionRecord.objects.create(user=alice, key_hash=hash_of(key(old)), ended_at=timezone.now() - MAX_RECORD_AGE)
    sessions.tidy()
    assert record(lasting).ended_at is None
    assert [record(client).ended_at is None for client in (expired, gone)] == [False, False]
    assert not SessionRecord.objects.filter(key_hash=hash_of(key(old))).exists()
    assert not Session.objects.filter(pk=key(expired)).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(settings.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3", reason="a lock of SQLite")
def test_a_page_waits_only_a_moment_when_its_record_cannot_be_written(alice: User) -> None:
    client = signed_in(alice)
    long_ago = timezone.now() - SEEN_PERIOD * 2
    SessionRecord.objects.update(seen_at=long_ago)
    connection.close()
    other = sqlite3.connect(settings.DATABASES["default"]["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        begun = timezone.now()
        assert client.get("/password/").status_code == 200
        assert timezone.now() - begun < timedelta(seconds=5)
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert record(client).seen_at == long_ago
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == (10_000,)
