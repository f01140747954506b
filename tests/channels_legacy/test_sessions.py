"""The decorators of sessions: on functions and methods, twice, after failures; the web session of the handshake."""

import datetime
import json
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from channels_legacy.asgi import ChannelLayerWrapper
from channels_legacy.message import Message
from channels_legacy.sessions import (
    channel_and_http_session,
    channel_session,
    enforce_ordering,
    http_session,
    session_for_reply_channel,
)
from channels_legacy.state.session import SESSION_BYTES, ChannelSession, SessionTooLarge
from tests.channels_legacy.conftest import SOCKET, message, received


def handshake(session: SessionStore, **content: Any) -> Message:
    cookie = f"theme=dark; {settings.SESSION_COOKIE_NAME}={session.session_key}".encode()
    return message("websocket.connect", headers=[[b"host", b"x"], [b"cookie", cookie]], **content)


@pytest.fixture
def web(db: None) -> SessionStore:
    session = SessionStore()
    session["theme"] = "dark"
    session.create()
    return session


def test_a_session_is_kept_from_message_to_message(layer: ChannelLayerWrapper) -> None:
    @channel_session
    def count(one: Message) -> int:
        one.channel_session["n"] = one.channel_session.get("n", 0) + 1
        return int(one.channel_session["n"])

    assert [count(message()) for _ in range(3)] == [1, 2, 3]
    assert layer.session(SOCKET) == {"n": 3}
    assert layer.session("websocket.send.1!8") == {}


def test_a_consumer_that_raises_keeps_its_changes(layer: ChannelLayerWrapper) -> None:
    @channel_session
    def fail(one: Message) -> None:
        one.channel_session["n"] = 1
        raise KeyError

    with pytest.raises(KeyError):
        fail(message())
    assert layer.session(SOCKET) == {"n": 1}


def test_a_session_that_is_only_read_is_not_saved(layer: ChannelLayerWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[object] = []
    monkeypatch.setattr(layer.channel_layer, "save_session", lambda *saving: saved.extend(saving))
    channel_session(lambda one: one.channel_session.get("n"))(message())
    assert saved == []


def test_the_decorator_works_on_methods_and_twice(layer: ChannelLayerWrapper) -> None:
    class Consumers:
        @channel_session
        @channel_session
        def add(self, one: Message, key: str) -> None:
            one.channel_session[key] = True

    Consumers().add(message(), "a")
    assert layer.session(SOCKET) == {"a": True}


def test_a_third_argument_is_no_message() -> None:
    with pytest.raises(ValueError, match="channel_session called without Message instance"):
        channel_session(lambda _a, _b, _c: None)(1, 2, message())


def test_a_message_of_no_socket_has_no_session() -> None:
    with pytest.raises(ValueError, match="no reply_channel"):
        channel_session(lambda _: None)(Message({}, "own", None))


def test_a_value_that_json_lacks_is_named() -> None:
    def consumer(one: Message) -> None:
        one.channel_session["at"] = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    with pytest.raises(TypeError, match=r"channel_session of websocket.send.1!7 cannot be kept: .*datetime"):
        channel_session(consumer)(message())


def test_a_session_has_a_limit(layer: ChannelLayerWrapper) -> None:
    def consumer(one: Message) -> None:
        one.channel_session["text"] = "x" * SESSION_BYTES

    with pytest.raises(SessionTooLarge, match="65,548 bytes"):
        channel_session(consumer)(message())
    assert layer.session(SOCKET) == {}


def test_a_session_has_a_random_name_that_stays(db: None, layer: ChannelLayerWrapper) -> None:
    keys: list[str] = []
    consumer = channel_session(lambda one: keys.append(one.channel_session.session_key))
    consumer(message())
    consumer(message())
    consumer(Message({"reply_channel": "websocket.send.1!8"}, "websocket.receive", layer))
    assert keys[0] == keys[1] != keys[2]
    assert len(keys[0]) == 32
    assert list(session_for_reply_channel(SOCKET).keys()) == []
    assert not Session.objects.exists()


def test_a_session_is_forgotten_on_request(layer: ChannelLayerWrapper) -> None:
    session = ChannelSession(SOCKET, layer.channel_layer)
    session["n"] = 1
    session.save()
    session.flush()
    assert layer.session(SOCKET) == {}


def test_slight_order_asks_for_nothing(layer: ChannelLayerWrapper) -> None:
    def consumer(one: Message) -> None:
        one.channel_session["last"] = one["order"]

    enforce_ordering(slight=True)(consumer)(message(order=5))
    assert layer.session(SOCKET) == {"last": 5}


def test_in_memory_an_early_message_waits_for_its_turn(layer: ChannelLayerWrapper) -> None:
    done: list[int] = []

    @enforce_ordering
    def consumer(one: Message) -> None:
        done.append(one["order"])

    for order in (0, 3, 2):
        consumer(message(order=order))
    assert done == [0]
    consumer(message(order=1))
    assert done == [0, 1]
    again = received(layer, "websocket.receive")
    assert [content["order"] for content in again] == [3, 2]
    for content in again:
        consumer(message(**content))
    assert done == [0, 1, 2]
    assert [content["order"] for content in received(layer, "websocket.receive")] == [3]


def test_strict_order_needs_a_number_in_the_tests_of_a_team() -> None:
    with pytest.raises(ValueError, match="No `order` value in message"):
        enforce_ordering()(lambda _: None)(message())


class OrderedLayer:
    """A layer that keeps the order by itself, as far as a session needs one."""

    def __init__(self) -> None:
        self.data: dict[str, object] = {}

    def session(self, _: str) -> dict[str, object]:
        return dict(self.data)

    def save_session(self, _: str, data: dict[str, object]) -> None:
        self.data = data


def test_on_a_stack_a_lost_frame_holds_up_no_later_one() -> None:
    wrapper = ChannelLayerWrapper(OrderedLayer(), "default", [])  # type: ignore[arg-type]
    done: list[object] = []
    consumer = enforce_ordering(lambda one: done.append(one.get("order")))
    for content in ({"order": 0}, {"order": 5}, {}):
        consumer(Message({"reply_channel": SOCKET, **content}, "websocket.receive", wrapper))
    assert done == [0, 5, None]


def test_the_web_session_is_that_of_the_cookie(web: SessionStore) -> None:
    found = http_session(lambda one: one.http_session)(handshake(web))
    assert found.session_key == web.session_key
    assert found["theme"] == "dark"


def test_headers_may_be_a_dictionary_as_in_old_tests(web: SessionStore) -> None:
    cookie = f"{settings.SESSION_COOKIE_NAME}={web.session_key}".encode()
    found = http_session(lambda one: one.http_session)(message("websocket.connect", headers={"cookie": cookie}))
    assert found["theme"] == "dark"


def test_without_a_cookie_there_is_no_web_session(web: SessionStore) -> None:
    assert http_session(lambda one: one.http_session)(message()) is None
    address = f"session_key={web.session_key}".encode()
    assert http_session(lambda one: one.http_session)(message(query_string=address)) is None


def test_a_message_that_is_no_handshake_has_no_web_session() -> None:
    with pytest.raises(ValueError, match="http_session is for messages with a path"):
        http_session(lambda _: None)(Message({"text": ""}, "own", None))


def test_changes_of_the_web_session_are_kept(web: SessionStore) -> None:
    def consumer(one: Message) -> None:
        one.http_session["seen"] = True

    http_session(http_session(consumer))(handshake(web))
    assert SessionStore(web.session_key)["seen"] is True


def test_later_messages_find_the_web_session_again(web: SessionStore) -> None:
    consumer = channel_and_http_session(lambda one: one.http_session and one.http_session["theme"])
    assert consumer(message()) is None
    assert consumer(handshake(web)) == "dark"
    assert consumer(message()) == "dark"


def test_the_session_of_a_socket_is_json(layer: ChannelLayerWrapper) -> None:
    def consumer(one: Message) -> None:
        one.channel_session["rooms"] = ["运维", 1, None]

    channel_session(consumer)(message())
    assert json.loads(json.dumps(layer.session(SOCKET))) == {"rooms": ["运维", 1, None]}
