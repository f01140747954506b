"""The person behind a session, as sockets look it up."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from proj.accounts.models import User
from proj.accounts.sessions import person_of, session_for


@pytest.fixture
def key(alice: User, client: Client) -> str:
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    return str(client.cookies["sessionid"].value)


def test_a_session_belongs_to_who_signed_in(alice: User, key: str) -> None:
    assert person_of(key) == alice


def test_it_takes_two_queries(key: str, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(2):
        person_of(key)


def test_after_signing_out_it_is_nobodys(key: str, client: Client) -> None:
    client.logout()
    assert person_of(key) is None


def test_a_deactivated_person_has_no_session(alice: User, key: str) -> None:
    alice.deactivate()
    assert person_of(key) is None


def test_a_new_password_ends_sessions_and_looking_changes_nothing(alice: User, key: str) -> None:
    alice.set_password("another long passphrase")
    alice.save()
    assert person_of(key) is None
    assert Session.objects.filter(pk=key).exists()


def test_an_expired_session_is_nobodys(key: str) -> None:
    Session.objects.filter(pk=key).update(expire_date=timezone.now())
    assert person_of(key) is None


@pytest.mark.parametrize(
    "key", ["", "x", "nosuchsessionnosuchsessionnosuch", "\0" * 32, "ключ", "a" * 5000, "' or 1=1"]
)
def test_a_key_that_no_session_has_is_nobodys(db: None, key: str) -> None:
    assert person_of(key) is None


def test_a_session_of_somebody_not_signed_in_is_nobodys(client: Client, db: None) -> None:
    session = client.session
    session["seen"] = 1
    session.save()
    assert person_of(session.session_key or "") is None


def test_a_session_made_for_a_moment_works_and_goes(alice: User) -> None:
    with session_for(alice, seconds=60) as key:
        assert person_of(key) == alice
    assert not Session.objects.exists()
