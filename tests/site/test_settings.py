"""The settings page: a person's preferences for the pages."""

import pytest
from django.test import Client

from proj.accounts.models import User
from proj.accounts.preferences import Clock, Keyword, Preferences, Theme

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_alice(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def test_nobody_has_to_choose(as_alice: Client, alice: User) -> None:
    assert 'data-theme="system"' in as_alice.get("/settings/").content.decode()
    assert 'data-clock="24"' in as_alice.get("/chat/").content.decode()
    assert not Preferences.objects.exists()


def test_a_choice_is_ones_own(as_alice: Client, alice: User, bob: User) -> None:
    answer = as_alice.post("/settings/", {"theme": "dark", "clock": "12", "notify": "all"})
    assert answer["Location"] == "/settings/"
    assert (Preferences.of(alice).theme, Preferences.of(alice).clock) == (Theme.DARK, Clock.HOURS_12)
    assert Preferences.of(bob).theme == Theme.SYSTEM
    assert 'data-theme="dark"' in as_alice.get("/chat/").content.decode()
    as_alice.post("/settings/", {"theme": "light", "clock": "12", "notify": "all"})
    assert Preferences.objects.get().theme == Theme.LIGHT


def test_what_cannot_be_chosen_is_told(as_alice: Client) -> None:
    page = as_alice.post("/settings/", {"theme": "pink", "clock": "24", "notify": "off"}).content.decode()
    assert "errorlist" in page
    assert not Preferences.objects.exists()


def test_settings_are_for_people_who_are_signed_in(client: Client) -> None:
    assert client.get("/settings/")["Location"] == "/sign-in/?next=/settings/"
    assert 'data-theme="system"' in client.get("/sign-in/").content.decode()


CHOICES = {"theme": "dark", "clock": "24", "notify": "all"}


def test_the_rules_about_runs_are_chosen_and_a_page_from_before_keeps_them(as_alice: Client, alice: User) -> None:
    as_alice.post("/settings/", CHOICES | {"own_runs": "failed", "room_runs": "nothing", "sound": "on"})
    kept = Preferences.of(alice)
    assert (kept.own_runs, kept.room_runs, kept.sound) == ("failed", "nothing", True)
    page = as_alice.get("/settings/").content.decode()
    assert " data-sound" in page
    assert "data-quiet" not in page
    as_alice.post("/settings/", CHOICES)
    kept = Preferences.of(alice)
    assert (kept.own_runs, kept.room_runs) == ("failed", "nothing")


@pytest.mark.parametrize(
    ("hours", "data"),
    [
        ({"quiet_from": "22:00", "quiet_until": "07:00"}, 'data-quiet="22:00 07:00"'),
        (
            {"quiet_from": "22:00", "quiet_until": "07:30", "time_zone": "Asia/Shanghai"},
            'data-quiet="22:00 07:30 Asia/Shanghai"',
        ),
    ],
)
def test_quiet_hours_are_on_every_page(as_alice: Client, hours: dict[str, str], data: str) -> None:
    assert as_alice.post("/settings/", CHOICES | hours).status_code == 302
    assert data in as_alice.get("/chat/").content.decode()


@pytest.mark.parametrize(
    ("hours", "field"),
    [
        ({"quiet_from": "22:00"}, "quiet_until"),
        ({"quiet_until": "22:00"}, "quiet_from"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "quiet_until"),
        ({"time_zone": "Nowhere/City"}, "time_zone"),
        ({"quiet_from": "evening"}, "quiet_from"),
        ({"keywords": "x"}, "keywords"),
    ],
)
def test_a_wrong_choice_is_told_at_its_field(as_alice: Client, hours: dict[str, str], field: str) -> None:
    answer = as_alice.post("/settings/", CHOICES | hours)
    assert field in answer.context["form"].errors
    assert not Preferences.objects.exists()


def test_keywords_are_kept_and_shown_again(as_alice: Client, alice: User, bob: User) -> None:
    as_alice.post("/settings/", CHOICES | {"keywords": "web1, data base"})
    assert Keyword.of(alice) == ["data base", "web1"]
    assert Keyword.of(bob) == []
    assert 'value="data base, web1"' in as_alice.get("/settings/").content.decode()
    as_alice.post("/settings/", CHOICES)
    assert Keyword.of(alice) == []
