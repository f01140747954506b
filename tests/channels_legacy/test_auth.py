"""The user of a message: from the web session, carried to later messages, verified, looked up late."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext

from channels_legacy.auth import (
    channel_and_http_session_user_from_http,
    channel_session_user,
    channel_session_user_from_http,
    http_session_user,
    transfer_user,
)
from channels_legacy.message import Message
from proj.accounts.models import User
from tests.channels_legacy.conftest import message

FROM_HTTP = (channel_session_user_from_http, channel_and_http_session_user_from_http)


@pytest.fixture
def person(db: None) -> User:
    return User.objects.create_user("anna")


@pytest.fixture
def web(person: User) -> SessionStore:
    request = HttpRequest()
    request.session = SessionStore()
    auth.login(request, person, backend="django.contrib.auth.backends.ModelBackend")
    request.session.save()
    return request.session


def handshake(session: SessionStore) -> Message:
    cookie = f"{settings.SESSION_COOKIE_NAME}={session.session_key}".encode()
    return message("websocket.connect", headers=[[b"cookie", cookie]])


def user_of(one: Message) -> Any:
    return one.user if one.user.is_authenticated else None


def test_the_user_of_the_web_session(web: SessionStore, person: User) -> None:
    assert http_session_user(user_of)(handshake(web)) == person
    assert http_session_user(user_of)(message()) is None


@pytest.mark.parametrize("decorator", FROM_HTTP)
def test_the_user_of_the_handshake_is_that_of_later_messages(
    web: SessionStore, person: User, decorator: Callable[[Any], Any]
) -> None:
    assert channel_session_user(user_of)(message()) is None
    assert decorator(user_of)(handshake(web)) == person
    assert channel_session_user(user_of)(message()) == person
    assert decorator(user_of)(message()) == person


def test_a_page_that_is_not_signed_in_has_no_user(db: None) -> None:
    session = SessionStore()
    session.create()
    assert channel_session_user_from_http(user_of)(handshake(session)) is None
    assert channel_session_user(user_of)(message()) is None


def test_a_new_password_ends_the_sign_in_of_the_socket(web: SessionStore, person: User) -> None:
    channel_session_user_from_http(user_of)(handshake(web))
    person.set_password("a better one")
    person.save()
    assert channel_session_user(user_of)(message()) is None


def test_a_deactivated_person_is_nobody(web: SessionStore, person: User) -> None:
    channel_session_user_from_http(user_of)(handshake(web))
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert channel_session_user(user_of)(message()) is None


def test_a_backend_that_knows_no_users_signs_nobody_in(web: SessionStore) -> None:
    web[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    web.save()
    assert http_session_user(user_of)(handshake(web)) is None


def test_a_consumer_that_asks_for_no_user_reads_no_database(
    web: SessionStore, django_assert_num_queries: Callable[[int], CaptureQueriesContext]
) -> None:
    channel_session_user_from_http(user_of)(handshake(web))
    with django_assert_num_queries(0):
        channel_session_user(lambda one: one.get("text"))(message(text="x"))
    with django_assert_num_queries(1):
        channel_session_user(lambda one: (one.user.pk, one.user.username))(message())


def test_the_decorators_work_on_methods_and_twice(web: SessionStore, person: User) -> None:
    class Consumers:
        @channel_session_user_from_http
        @channel_session_user_from_http
        def connect(self, one: Message) -> Any:
            return user_of(one)

        @channel_session_user
        @channel_session_user
        def receive(self, one: Message) -> Any:
            return user_of(one)

    assert Consumers().connect(handshake(web)) == person
    assert Consumers().receive(message()) == person


def test_half_a_sign_in_is_not_transferred() -> None:
    full = SessionStore()
    full.update({auth.SESSION_KEY: "1", auth.BACKEND_SESSION_KEY: "x", auth.HASH_SESSION_KEY: "y", "theme": "dark"})
    half, target = SessionStore(), SessionStore()
    half[auth.SESSION_KEY] = "1"
    transfer_user(half, target)
    assert target.is_empty()
    transfer_user(full, target)
    assert dict(target.items()) == {auth.SESSION_KEY: "1", auth.BACKEND_SESSION_KEY: "x", auth.HASH_SESSION_KEY: "y"}
