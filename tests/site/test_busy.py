"""A database that another program has locked, or that has no room: pages and programs are told to try again."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from proj.accounts.limits.counting import ActionCount
from proj.accounts.models import User
from proj.accounts.records.waiting import BRIEF_WAIT_MS
from proj.rooms.models import Room
from proj.runs import actions
from proj.runs.models import Run, Service
from proj.site.middleware import busy_answer
from tests.runs.conftest import Make, make

__all__ = ["make"]

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="one writer locks the whole database on SQLite only"),
]
PAGE = {"accept": "text/html,application/xhtml+xml"}


@contextmanager
def locked() -> Iterator[None]:
    """Hold SQLite's write lock in another connection, longer than the connection under test waits for it."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=50")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def full() -> Iterator[None]:
    """Let the database take no further page: SQLite then says `database or disk is full`."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # rows that earlier tests deleted left free pages
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count={pages}")
        yield
        cursor.execute("PRAGMA max_page_count=1000000000")


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def web1(make: Make, alice: User) -> None:
    make("web1", ["true", "{note}"], parameters=[{"name": "note", "lines": True}], run_by="everyone")
    Room.objects.create(name="ops", owner=alice)


def test_a_start_from_a_room_is_busy_and_works_afterwards(browser: Client, web1: None) -> None:
    with locked():
        answer = browser.post("/runs/start/", {"room": "ops", "line": "web1"})
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert int(answer["Retry-After"]) > 0
    assert not Run.objects.exists()
    assert browser.post("/runs/start/", {"room": "ops", "line": "web1"}).status_code == 200


def test_a_cancel_is_busy_from_a_room_and_from_the_page(browser: Client, web1: None, alice: User) -> None:
    run = actions.start(Service.objects.get(), None, {})
    with locked():
        assert browser.post("/runs/cancel/", {"line": "web1"}).json()["code"] == "busy"
        assert browser.post(f"/runs/{run.pk}/cancel/", headers=PAGE).status_code == 503
        assert browser.post(f"/runs/{run.pk}/again/", headers=PAGE).status_code == 503


def test_the_page_keeps_the_form_and_sends_it_again(browser: Client, web1: None) -> None:
    note = 'two\nlines & "quotes"'
    with locked():
        answer = browser.post("/services/web1/", {"p-note": note}, headers=PAGE)
    assert answer.status_code == 503
    page = answer.content.decode()
    kept = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    fields = {unescape(name): unescape(text) for name, text in kept}
    assert fields == {"p-note": note}
    assert re.search(r'<form method="post" action="([^"]*)">', page)[1] == "/services/web1/"  # type: ignore[index]
    assert browser.post("/services/web1/", fields, headers=PAGE).status_code == 302
    assert Run.objects.get().parameters["note"].splitlines() == note.splitlines()


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("/rooms/new/", {"name": "fresh", "who": "members"}),
        ("/chat/ops/settings/rename/", {"name": "other"}),
        ("/chat/ops/mute/", {}),
        ("/sessions/others/end/", {}),
    ],
)
def test_every_form_of_a_page_answers_so(browser: Client, web1: None, address: str, fields: dict[str, str]) -> None:
    with locked():
        answer = browser.post(address, fields, headers=PAGE)
    assert answer.status_code == 503


def test_a_search_is_done_without_waiting_long_to_be_counted(
    browser: Client, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    room = Room.objects.create(name="ops", owner=alice)
    room.post(alice, "needle")
    assert b"needle</mark>" in browser.get("/search/", {"q": "needle"}).content
    with locked(), CaptureQueriesContext(connection) as queries:
        answer = browser.get("/search/", {"q": "needle"})
    assert answer.status_code == 200
    assert b"needle</mark>" in answer.content
    assert "could not count a search" in caplog.text
    waits = [int(query["sql"].partition("=")[2]) for query in queries if "PRAGMA busy_timeout=" in query["sql"]]
    assert waits[-2:] == [BRIEF_WAIT_MS, 50]
    assert ActionCount.objects.get(action="search").count == 1


def test_a_password_is_not_repeated_on_the_page() -> None:
    User.objects.create_user("bob", password="correct horse battery")
    with locked():
        answer = Client().post("/sign-in/", {"username": "bob", "password": "correct horse battery"}, headers=PAGE)
    assert answer.status_code == 503
    assert b"correct horse" not in answer.content


@pytest.mark.parametrize("name", ["password1", "new_password2", "old_password", "confirm_password", "code"])
def test_no_secret_of_a_form_is_repeated_on_the_page(name: str) -> None:
    request = RequestFactory().post("/somewhere/", {"name": "dora", name: "correct horse"}, headers=PAGE)
    page = busy_answer(request).content.decode()
    assert "correct horse" not in page
    assert "<form" not in page


def test_a_full_disk_is_busy_too(browser: Client, web1: None) -> None:
    note = "x" * 4000
    with full():
        codes = {browser.post("/runs/start/", {"room": "ops", "line": f"web1 note={note}"}).status_code for _ in "123"}
    assert 503 in codes
    assert codes <= {503, 200, 409}
