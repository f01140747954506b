"""The sign-in of a new device: which devices are new, and where the person is told."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from proj.accounts.models import SessionRecord, User
from proj.accounts.records.models import NEWS_AGE
from proj.accounts.web.devices import COOKIE
from proj.layer.messages import PersonFrame

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
LINE = "A new device has signed in as you: Chrome on Windows, 203.0.113.9."


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[PersonFrame]:
    """The frames that were published to people's open pages."""
    frames: list[PersonFrame] = []
    monkeypatch.setattr("proj.accounts.signals.publish", frames.append)
    return frames


def browser(agent: str = CHROME, address: str = "203.0.113.9") -> Client:
    return Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)


def sign_in(client: Client, person: User) -> Client:
    answer = client.post("/sign-in/", {"username": person.username, "password": f"{person}'s long passphrase"})
    assert answer.status_code == 302
    return client


def shown(client: Client) -> bool:
    page = client.get("/settings/").content.decode()
    assert page.count("new-device") >= 1  # the words and the template for static/site/notification.js
    return LINE in page


def test_the_very_first_sign_in_is_no_news(alice: User, told: list[PersonFrame]) -> None:
    client = sign_in(browser(), alice)
    assert told == []
    assert not shown(client)


def test_a_new_device_is_told_to_open_pages_and_to_each_other_session_once(
    alice: User, told: list[PersonFrame]
) -> None:
    first, second = sign_in(browser(FIREFOX, "192.0.2.7"), alice), browser(FIREFOX, "192.0.2.8")
    second.cookies[COOKIE] = first.cookies[COOKIE].value
    sign_in(second, alice)
    assert told == []
    new = sign_in(browser(), alice)
    (message,) = told
    frame = json.loads(message.frame)
    at = frame.pop("at")
    assert message.user == alice.pk
    assert frame == {"type": "signed_in", "browser": "Chrome", "system": "Windows", "address": "203.0.113.9"}
    assert at.endswith("Z")
    assert [shown(client) for client in (first, first, second, second, new)] == [True, False, True, False, False]


def test_a_device_is_known_after_its_first_sign_in(alice: User, told: list[PersonFrame]) -> None:
    first, other = sign_in(browser(FIREFOX), alice), sign_in(browser(), alice)
    told.clear()
    other.post("/sign-out/")
    sign_in(other, alice)
    first.post("/sign-out/")
    sign_in(first, alice)
    assert told == []


def test_a_device_remembers_each_of_its_people(alice: User, bob: User, told: list[PersonFrame]) -> None:
    for person in (alice, bob):
        sign_in(browser(FIREFOX), person)
    shared = browser()
    for person in (alice, bob, alice, bob):
        sign_in(shared, person)
        shared.post("/sign-out/")
    assert [message.user for message in told] == [alice.pk, bob.pk]


@pytest.mark.parametrize("forged", ["", "x", "WzFd:1tKcXb:forged", "a" * 5000])
def test_a_forged_cookie_makes_no_device_known(alice: User, told: list[PersonFrame], forged: str) -> None:
    sign_in(browser(FIREFOX), alice)
    stranger = browser()
    stranger.cookies[COOKIE] = forged
    sign_in(stranger, alice)
    assert len(told) == 1


def test_a_session_from_before_the_upgrade_makes_its_device_known(alice: User, told: list[PersonFrame]) -> None:
    client = browser()
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    SessionRecord.objects.all().delete()
    assert COOKIE not in client.cookies
    client.get("/settings/")
    client.post("/sign-out/")
    sign_in(client, alice)
    assert told == []


def test_a_stranger_that_signs_out_again_is_still_news(alice: User) -> None:
    mine = sign_in(browser(FIREFOX), alice)
    sign_in(browser(), alice).post("/sign-out/")
    assert shown(mine)


def test_a_stranger_is_news_in_the_next_session_of_a_known_device(alice: User) -> None:
    mine = sign_in(browser(FIREFOX), alice)
    mine.post("/sign-out/")
    sign_in(browser(), alice)
    sign_in(mine, alice)
    assert [shown(mine), shown(mine)] == [True, False]
    mine.post("/sign-out/")
    sign_in(mine, alice)
    assert not shown(mine)


def test_old_news_are_none(alice: User) -> None:
    mine = sign_in(browser(FIREFOX), alice)
    sign_in(browser(), alice)
    SessionRecord.objects.update(signed_in_at=timezone.now() - NEWS_AGE - timedelta(hours=1))
    assert not shown(mine)


def test_the_cookie_is_kept_from_scripts(alice: User) -> None:
    cookie = sign_in(browser(), alice).cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 400 * 24 * 3600
