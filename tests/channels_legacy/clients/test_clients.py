"""The test cases and clients that teams bring along with their own tests."""

from typing import Any

import pytest
from django.http.cookie import parse_cookie

import channels_legacy.tests as former_names
from channels_legacy import Channel, Group, channel_layers, route
from channels_legacy.auth import channel_session_user, http_session_user
from channels_legacy.message import Message
from channels_legacy.sessions import channel_session
from channels_legacy.test import ChannelTestCase, Client, HttpClient, WSClient, apply_routes
from proj.accounts.models import User

CONNECT = "websocket.connect"


def accept(message: Message) -> None:
    assert message.reply_channel is not None
    message.reply_channel.send({"accept": True})


class CaseTests(ChannelTestCase):
    def test_messages_are_kept_until_the_test_takes_them(self) -> None:
        Channel("work").send({"a": 1})
        message = self.get_next_message("work", require=True)
        assert message is not None and message["a"] == 1
        assert self.get_next_message("work") is None
        with pytest.raises(AssertionError, match="no message was sent to the channel work"):
            self.get_next_message("work", require=True)

    def test_a_layer_belongs_to_one_test(self) -> None:
        Channel("work").send({"a": 1})
        layer = channel_layers["default"]
        case = CaseTests("test_messages_are_kept_until_the_test_takes_them")
        case.run()
        assert channel_layers["default"] is layer

    def test_a_client_finds_runs_and_fails_as_it_is_told(self) -> None:
        client = Client()
        with apply_routes(route("work", accept)):
            assert client.get_consumer_by_channel("work") is accept
            client.send_and_consume("work", {"a": 1})
            assert client.receive() == {"accept": True}
            with pytest.raises(AssertionError, match="no message on the channel work"):
                client.consume("work")
            with pytest.raises(AssertionError, match="no consumer for the message on other"):
                client.send_and_consume("other")
            assert client.consume("work", fail_on_none=False) is None
        assert client.get_consumer_by_channel("work") is None

    def test_routes_are_applied_to_functions_lists_and_classes(self) -> None:
        calls: list[Any] = []

        @apply_routes([[route("a", calls.append)], [route("b", calls.append)]])
        def both() -> None:
            Client().send_and_consume("a")
            Client().send_and_consume("b")

        both()

        @apply_routes([route("a", calls.append)])
        class Inner(ChannelTestCase):
            def test_inner(self) -> None:
                Client().send_and_consume("a")

        result = Inner("test_inner").run()
        assert (len(calls), result.wasSuccessful() if result else False) == (3, True)
        assert Client().get_consumer_by_channel("a") is None


class WebsocketClientTests(ChannelTestCase):
    def test_cookies_and_headers(self) -> None:
        client = WSClient()
        client.set_cookie("foo", "bar")
        client.set_cookie("qux", "qu;x")
        client.set_header("origin", b"http://a")
        cookies = parse_cookie(client.headers["cookie"].decode("ascii"))
        assert cookies == client.get_cookies()
        assert cookies == {"foo": "bar", "qux": "qu;x", "sessionid": client.session.session_key}
        assert client.headers["origin"] == b"http://a"
        with pytest.raises(ValueError, match="set_cookie"):
            client.set_header("cookie", "foo=bar")

    def test_the_content_of_a_message(self) -> None:
        content = WSClient(ordered=True)._get_content(text={"key": "value"}, path="/my/path?a=1")
        assert content["text"] == '{"key": "value"}'
        assert (content["path"], content["query_string"], content["order"]) == ("/my/path", "a=1", 0)
        with pytest.raises(ValueError, match="sets the order by itself"):
            WSClient(ordered=True)._get_content({"order": 3})

    def test_a_connect_must_be_accepted(self) -> None:
        with apply_routes(route(CONNECT, lambda message: message.reply_channel.send({"close": True}))):
            with pytest.raises(AssertionError, match="the socket was not accepted"):
                WSClient().send_and_consume(CONNECT)
            WSClient().send_and_consume(CONNECT, check_accept=False)

    def test_a_sign_in_gives_both_sessions_a_user(self) -> None:
        alice = User.objects.create_user("alice", password="alice's long passphrase")
        seen: list[Any] = []

        def see(message: Message) -> None:
            seen.append(message.user.username)
            accept(message)

        for decorator in (http_session_user, channel_session_user):
            client = HttpClient()
            assert client.login(username="alice", password="alice's long passphrase")
            with apply_routes(route(CONNECT, decorator(see))):
                client.send_and_consume(CONNECT)
            assert not HttpClient().login(username="alice", password="wrong")
        assert seen == [alice.username] * 2

    def test_a_saved_session_is_the_session_of_the_socket(self) -> None:
        rooms: list[str] = []

        @channel_session
        def join(message: Message) -> None:
            rooms.append(message.channel_session["room"])
            Group("all").add(message.reply_channel or "")
            accept(message)

        client = WSClient()
        client.session["room"] = "ops"
        client.session.save()
        with apply_routes(route(CONNECT, join)):
            client.send_and_consume(CONNECT)
        assert rooms == ["ops"]


def test_the_former_names_are_there() -> None:
    assert former_names.ChannelTestCase is ChannelTestCase
