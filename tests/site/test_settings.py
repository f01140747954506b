"""The settings page: a person's preferences for the pages."""

import pytest
from django.test import Client

from proj.accounts.models import User
from proj.accounts.preferences import Clock, Preferences, Theme

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
