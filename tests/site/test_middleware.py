"""Addresses that are not UTF-8, on every kind of page."""

import pytest
from django.conf import settings
from django.test import Client

from proj.accounts.models import User
from proj.rooms.models import Room

pytestmark = pytest.mark.django_db

# A lone byte, an overlong form, a surrogate, a cut character, a byte past Unicode, Latin-1, a NUL.
BROKEN = ["%FF", "%C0%AF", "%ED%A0%80", "%E4%BD", "%F5%80%80%80", "caf%E9", "%00", "a%00b", "ok%FF%FE"]
PAGES = [
    *(
        "/chat/{}/",
        "/chat/{}/1/",
        "/chat/{}/messages/",
        "/chat/{}/settings/",
        "/chat/lobby/settings/members/{}/remove/",
    ),
    *("/runs/{}/", "/services/{}/", "/admin/{}/", "/admin/rooms/room/{}/change/", "/{}", "/{}/"),
]


@pytest.mark.parametrize("method", ["get", "post"])
def test_there_is_nothing_at_an_address_that_is_not_utf8(alice: User, method: str) -> None:
    Room.objects.create(name="lobby", owner=alice)
    client = Client()
    client.force_login(alice)
    for page in PAGES:
        for name in BROKEN:
            answer = getattr(client, method)(page.format(name))
            assert answer.status_code == 404, page.format(name)
    assert list(Room.objects.values_list("name", flat=True)) == ["lobby"]


def test_a_form_that_cannot_be_read_fails_at_no_address(alice: User) -> None:
    token = "a" * 32
    client = Client(enforce_csrf_checks=True, headers={"X-CSRFToken": token})
    client.cookies[settings.CSRF_COOKIE_NAME] = token
    too_many = "&".join(f"a{number}=1" for number in range(1_100))
    for path, status in (("/nothing/", 404), ("/chat/%FF/", 404), ("/sign-in/", 400)):
        assert client.post(path, b"--b", "multipart/form-data").status_code == status
        assert client.post(path, too_many, "application/x-www-form-urlencoded").status_code == status


def test_the_text_of_an_escape_is_a_name(alice: User) -> None:
    room = Room.objects.create(name="50%FF", owner=alice)
    client = Client()
    client.force_login(alice)
    assert client.get("/chat/50%25FF/", REQUEST_URI="/chat/50%25FF/?a=b").status_code == 200
    assert client.get("/chat/50%FF/", REQUEST_URI="/chat/50%FF/").status_code == 404
    assert Room.objects.get() == room


@pytest.mark.parametrize("name", ["运维 1", "чат", "100%", "50%25", "naïve", "\U0001f600"])
def test_other_names_are_addresses(alice: User, name: str) -> None:
    room = Room.objects.create(name=name, owner=alice)
    client = Client()
    client.force_login(alice)
    assert client.get(room.get_absolute_url()).status_code == 200


def test_a_sign_that_nothing_could_be_decoded_to_is_no_name(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    client.get("/chat/%EF%BF%BD/")
    client.post("/rooms/new/", {"name": "a\ufffd"})
    assert not Room.objects.exists()
