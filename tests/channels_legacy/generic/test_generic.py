"""Class consumers behind routes, with the client of the tests as their socket."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from channels_legacy import Group, route_class
from channels_legacy.exceptions import DenyConnection, SendNotAvailableOnDemultiplexer, WebsocketCloseException
from channels_legacy.generic import BaseConsumer, websockets
from channels_legacy.message import Message
from channels_legacy.test import ChannelTestCase, Client, WSClient, apply_routes
from proj.accounts.models import User

CONNECT, RECEIVE, DISCONNECT = "websocket.connect", "websocket.receive", "websocket.disconnect"


class Events(BaseConsumer):
    method_mapping = {"test.create": "create", "test.test": "test"}

    def create(self, message: Message, **kwargs: Any) -> None:
        self.called = "create"

    def test(self, message: Message, **kwargs: Any) -> None:
        self.called = "test"


class BaseConsumerTests(ChannelTestCase):
    def test_each_channel_has_its_method(self) -> None:
        client = Client()
        with apply_routes([route_class(Events)]):
            assert client.send_and_consume("test.create").called == "create"
            assert client.send_and_consume("test.test").called == "test"
        assert Events.channel_names() == {"test.create", "test.test"}

    def test_the_arguments_are_the_named_groups_of_the_route(self) -> None:
        with apply_routes([Events.as_route(name="^(?P<kind>[a-z]+)$")]):
            consumer = Client().send_and_consume("test.create", {"name": "lost"})
        assert (consumer.kwargs, consumer.message["name"]) == ({"kind": "lost"}, "lost")

    def test_a_route_with_attributes_leaves_the_class_as_it_is(self) -> None:
        route = Events.as_route({"channel_session": True})
        assert (route.consumer.channel_session, Events.channel_session) == (True, False)  # type: ignore[attr-defined]
        with pytest.raises(TypeError, match="as a dict, not list"):
            Events.as_route(["channel_session"])  # type: ignore[arg-type]


class Room(websockets.WebsocketConsumer):
    channel_session = True

    def connection_groups(self, **kwargs: Any) -> list[str]:
        return [f"room-{kwargs['room']}"]

    def connect(self, message: Message, **kwargs: Any) -> None:
        if kwargs["room"] == "closed":
            raise DenyConnection
        self.message.channel_session["room"] = kwargs["room"]
        super().connect(message, **kwargs)

    def receive(self, text: str | None = None, bytes: bytes | None = None, **kwargs: Any) -> None:
        if text == "leave":
            self.close(4001)
        elif text == "throw":
            raise WebsocketCloseException(4002)
        elif bytes is not None:
            self.send(bytes=bytes[::-1], close=True)
        else:
            self.group_send(f"room-{self.kwargs['room']}", text=f"{self.path} {self.message.channel_session['room']}")


class WebsocketConsumerTests(ChannelTestCase):
    def test_a_socket_joins_its_groups_speaks_and_leaves(self) -> None:
        alice, bob = WSClient(), WSClient()
        with apply_routes([Room.as_route(path=r"^/(?P<room>\w+)$")]):
            for client in (alice, bob):
                client.send_and_consume(CONNECT, path="/ops")
            alice.send_and_consume(RECEIVE, text="hello", path="/ops")
            assert [client.receive(json=False) for client in (alice, bob)] == ["/ops ops"] * 2
            bob.send_and_consume(DISCONNECT, path="/ops")
            alice.send_and_consume(RECEIVE, text="again", path="/ops")
            assert bob.receive() is None
            alice.send_and_consume(RECEIVE, {"bytes": b"abc"}, path="/ops")
            assert alice.receive(json=False) == "/ops ops"
            assert alice.receive() == {"bytes": b"cba", "close": True}

    def test_a_socket_is_denied_and_closed(self) -> None:
        client = WSClient()
        with apply_routes([Room.as_route(path=r"^/(?P<room>\w+)$")]):
            with pytest.raises(DenyConnection):
                client.send_and_consume(CONNECT, path="/closed")
            client.send_and_consume(CONNECT, path="/ops")
            client.send_and_consume(RECEIVE, text="leave", path="/ops")
            assert client.receive() == {"close": 4001}
            client.send_and_consume(RECEIVE, text="throw", path="/ops")
            assert client.receive() == {"close": 4002}

    def test_send_needs_text_or_bytes(self) -> None:
        class Silent(websockets.WebsocketConsumer):
            def receive(self, text: str | None = None, bytes: bytes | None = None, **kwargs: Any) -> None:
                self.send()

        with apply_routes([route_class(Silent)]), pytest.raises(ValueError, match="send\\(\\) needs text or bytes"):
            WSClient().send_and_consume(RECEIVE, text="x")

    def test_the_attribute_groups_is_enough(self) -> None:
        class Everyone(websockets.WebsocketConsumer):
            groups = ["all"]
            strict_ordering = True
            slight_ordering = True

        client = WSClient(ordered=True)
        with apply_routes(Everyone.as_route()):
            client.send_and_consume(CONNECT)
            Group("all").send({"text": '{"a": 1}'})
        assert client.receive() == {"a": 1}

    def test_the_user_of_the_web_session_stays_with_the_socket(self) -> None:
        class Private(websockets.WebsocketConsumer):
            http_user = True

        class Both(websockets.WebsocketConsumer):
            http_user_and_session = True

        alice = User.objects.create_user("alice")
        for consumer in (Private, Both):
            client = WSClient()
            client.force_login(alice)
            with apply_routes([route_class(consumer)]):
                users = [client.send_and_consume(CONNECT).message.user]
                users.append(client.send_and_consume(RECEIVE, text="x").message.user)
                stranger = WSClient()
                assert stranger.send_and_consume(CONNECT).message.user == AnonymousUser()
            assert users == [alice, alice]

    def test_the_web_session_is_found_again_by_later_messages(self) -> None:
        class Both(websockets.WebsocketConsumer):
            http_user_and_session = True

        client = WSClient()
        client.session["colour"] = "blue"
        client.session.save()
        with apply_routes([route_class(Both)]):
            client.send_and_consume(CONNECT)
            consumer = client.send_and_consume(RECEIVE, text="x")
        assert consumer.message.http_session["colour"] == "blue"


class Echo(websockets.JsonWebsocketConsumer):
    def receive(self, content: Any, **kwargs: Any) -> None:  # type: ignore[override]
        self.send(content, close="last" in content)


class JsonConsumerTests(ChannelTestCase):
    def test_values_come_and_go_as_json(self) -> None:
        client = WSClient()
        with apply_routes([route_class(Echo)]):
            client.send_and_consume(RECEIVE, text={"a": [1, None]})
            assert client.receive() == {"a": [1, None]}
            client.send_and_consume(RECEIVE, text=["last"])
            assert client.channel_layer.receive_many([client.reply_channel])[1] == {"text": '["last"]', "close": True}
            with pytest.raises(ValueError, match="the frame has bytes"):
                client.send_and_consume(RECEIVE, {"bytes": b"{}"})
            Echo.group_send("all", {"b": 2})

    def test_a_team_reads_and_writes_json_its_own_way(self) -> None:
        class Loud(Echo):
            @classmethod
            def decode_json(cls, text: str) -> Any:
                return {"was": text}

            @classmethod
            def encode_json(cls, content: Any) -> str:
                return json.dumps(content).upper()

        client = WSClient()
        with apply_routes([route_class(Loud)]):
            client.send_and_consume(RECEIVE, text="no json")
        assert client.receive() == {"WAS": "NO JSON"}


class Streamed(websockets.JsonWebsocketConsumer):
    def connect(self, message: Message, multiplexer: Any = None, **kwargs: Any) -> None:
        multiplexer.send({"hello": multiplexer.stream})

    def disconnect(self, message: Message, multiplexer: Any = None, **kwargs: Any) -> None:
        multiplexer.send({"bye": multiplexer.stream})

    def receive(self, content: Any, multiplexer: Any = None, **kwargs: Any) -> None:  # type: ignore[override]
        if "direct" in content:
            self.send(content)
        multiplexer.send({"got": content, "room": kwargs.get("room")})


class Streams(websockets.WebsocketDemultiplexer):
    consumers = {"one": Streamed, "two": Streamed}


class DemultiplexerTests(ChannelTestCase):
    def test_each_stream_has_its_consumer(self) -> None:
        client = WSClient()
        with apply_routes([Streams.as_route(path=r"^/(?P<room>\w+)$")]):
            client.send_and_consume(CONNECT, path="/ops")
            assert client.receive() == {"stream": "one", "payload": {"hello": "one"}}
            assert client.receive() == {"stream": "two", "payload": {"hello": "two"}}
            client.send_and_consume(RECEIVE, text={"stream": "two", "payload": {"a": 1}}, path="/ops")
            assert client.receive() == {"stream": "two", "payload": {"got": {"a": 1}, "room": "ops"}}
            client.send_and_consume(DISCONNECT, path="/ops")
            assert client.receive() == {"stream": "one", "payload": {"bye": "one"}}

    def test_frames_for_no_stream_are_refused_with_a_sentence(self) -> None:
        with apply_routes([route_class(Streams)]):
            for frame, sentence in [
                ({"stream": "three", "payload": {}}, "stream 'three', which has no consumer"),
                ({"stream": ["one"], "payload": {}}, "which has no consumer"),
                ({"stream": "one", "payload": [1]}, "must be an object"),
                ({"payload": {}}, 'needs "stream" and "payload"'),
            ]:
                with pytest.raises(ValueError, match=sentence):
                    WSClient().send_and_consume(RECEIVE, text=frame)

    def test_send_without_a_stream_is_refused_and_the_class_still_sends_elsewhere(self) -> None:
        refused = pytest.raises(SendNotAvailableOnDemultiplexer, match=r"use multiplexer\.send")
        with apply_routes([route_class(Streams)]), refused:
            WSClient().send_and_consume(RECEIVE, text={"stream": "one", "payload": {"direct": 1}})
        with pytest.raises(SendNotAvailableOnDemultiplexer):
            Streams.group_send("all", "one", {})
        assert Streamed.send is websockets.JsonWebsocketConsumer.send

    def test_a_group_hears_a_stream(self) -> None:
        client = WSClient()
        client.join_group("all")
        websockets.WebsocketMultiplexer.group_send("all", "one", {"a": 1}, close=True)
        reply = client.channel_layer.receive_many([client.reply_channel])[1]
        assert reply == {"text": '{"stream": "one", "payload": {"a": 1}}', "close": True}
