"""Outsiders are answered as if a members-only room were not there: they cannot learn that it exists."""

import logging
import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern
from django.utils.module_loading import import_string

from proj.accounts.models import User
from proj.rooms import managing, names
from proj.rooms.models import Membership, Room
from proj.rooms.web.urls import urlpatterns

PARTS = {"<str:name>": "{name}", "<int:seq>": "1", "<int:number>": "1", "<str:who>": "alice"}
ANY_NAME = "NAME"


def addresses() -> list[str]:
    """Return every address below a room's, with `{name}` for the name of the room."""
    found = []
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        route = str(pattern.pattern)
        if route.startswith("chat/<str:name>/"):
            for part, value in PARTS.items():
                route = route.replace(part, value)
            found.append(f"/{route}")
    return found


@pytest.fixture
def closed(alice: User) -> Room:
    """alice's members-only room, which was called "before"."""
    room = managing.create(alice, "before", members_only=True)
    managing.rename(room, "secret", alice)
    room.post(alice, "between us")
    return room


@pytest.fixture
def outsider(bob: User) -> Client:
    client = Client()
    client.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    client.get("/chat/")
    return client


def answer(client: Client, method: str, address: str, name: str) -> tuple[int, str, Any]:
    """Return status, body and Location of an answer, with ANY_NAME for `name` and for random tokens."""
    data = {"person": "bob", "name": "mine", "lasts": "24", "days": "1", "on": "1"}
    got = client.generic(method, address.format(name=name), "&".join(f"{key}={value}" for key, value in data.items()))
    return got.status_code, bare(got.content.decode(), name), got.get("Location", "").replace(name, ANY_NAME)


def bare(page: str, name: str) -> str:
    """Return a page without its random token, and with ANY_NAME for `name`."""
    return re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", page).replace(name, ANY_NAME)


@pytest.mark.parametrize("name", ["secret", "SECRET", "before"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("address", addresses())
def test_every_address_of_the_room_answers_as_for_no_room(
    address: str, method: str, name: str, closed: Room, outsider: Client
) -> None:
    missing = answer(outsider, method, address, "nobody")
    with CaptureQueriesContext(connection) as for_nothing:
        assert answer(outsider, method, address, "nobody") == missing
    with CaptureQueriesContext(connection) as for_the_room:
        assert answer(outsider, method, address, name) == missing
    assert missing[0] in (404, 405)
    assert len(for_the_room) == len(for_nothing), "the time tells the two apart"
    assert [room.name for room in Room.objects.all()] == ["secret"]


def test_a_search_in_the_room_answers_as_for_no_room(closed: Room, outsider: Client) -> None:
    rooms = ("secret", "before", "nobody")
    found = {room: outsider.get("/search/", {"q": "between", "room": room}) for room in rooms}
    bodies = {bare(one.content.decode(), room) for room, one in found.items()}
    assert {one.status_code for one in found.values()} == {400}
    assert len(bodies) == 1


@pytest.mark.parametrize("name", ["secret", "SECRET"])
def test_a_new_room_of_that_name_is_refused_without_a_word_about_it(
    name: str, closed: Room, outsider: Client, bob: User
) -> None:
    for who in ("members", "all"):
        page = outsider.post("/rooms/new/", {"name": name, "who": who})
        assert page.status_code == 400
        assert str(Room.NameRefused.message) in page.content.decode()
        assert "already" not in page.content.decode()
        assert f'value="{name}"' in page.content.decode()
    mine = managing.create(bob, "mine", members_only=False)
    page = outsider.post("/chat/mine/settings/rename/", {"name": name})
    assert str(Room.NameRefused.message) in page.content.decode()
    mine.refresh_from_db()
    assert mine.name == "mine"


def test_a_name_that_the_person_can_see_is_said_to_be_taken(outsider: Client, alice: User) -> None:
    managing.create(alice, "open", members_only=False)
    page = outsider.post("/rooms/new/", {"name": "open", "who": "all"})
    assert str(Room.NameTaken.message) in page.content.decode()


def test_a_visit_never_enters_the_room(closed: Room, bob: User) -> None:
    with pytest.raises(Room.NameRefused):
        Room.visit(bob, "secret")
    assert not Membership.objects.filter(user=bob).exists()


def test_a_visit_does_not_take_the_former_name_of_the_room(closed: Room, alice: User, bob: User) -> None:
    with pytest.raises(Room.NameRefused):
        Room.visit(bob, "before")
    assert Room.called(alice, "before") == closed


def test_two_first_visits_at_once_make_one_room(alice: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = names.checked

    def slowly(name: str) -> str:
        monkeypatch.setattr(names, "checked", checked)
        Room.visit(bob, name)
        return checked(name)

    monkeypatch.setattr(names, "checked", slowly)
    assert Room.visit(alice, "ops").owner == bob


def test_an_invited_person_still_comes_in(closed: Room, outsider: Client, bob: User, alice: User) -> None:
    from datetime import timedelta

    from proj.rooms.models import Invitation

    link = Invitation.make(closed, alice, timedelta(hours=1))
    assert outsider.post("/join/", {"code": link})["Location"] == "/chat/secret/"
    assert outsider.get("/chat/secret/").status_code == 200


@pytest.mark.parametrize("error", [PermissionDenied("not you"), SuspiciousOperation("odd")])
def test_a_refusal_is_one_line_of_the_log(error: Exception, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from django.core.handlers.exception import response_for_exception

    filters: dict[str, dict[str, str]] = django_settings.LOGGING["filters"]  # type: ignore[assignment]
    stream = logging.StreamHandler()
    stream.addFilter(import_string(filters["refusals"]["()"])())
    logger = logging.getLogger("django")
    logger.addHandler(stream)
    try:
        try:
            raise error
        except type(error) as caught:
            response_for_exception(RequestFactory().get("/chat/x/"), caught)
        try:
            raise ValueError("a fault")
        except ValueError as caught:
            response_for_exception(RequestFactory().get("/chat/y/"), caught)
    finally:
        logger.removeHandler(stream)
    refusal, _, fault = capsys.readouterr().err.partition("Internal Server Error")
    assert refusal.strip()
    assert "Traceback" not in refusal
    assert "Traceback" in fault
