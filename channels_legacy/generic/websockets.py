"""Class consumers of sockets, for text, bytes or JSON, and for several streams over one socket."""

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder

from channels_legacy.auth import channel_and_http_session_user_from_http, channel_session_user_from_http
from channels_legacy.channel import Channel, Group
from channels_legacy.exceptions import SendNotAvailableOnDemultiplexer
from channels_legacy.generic.base import BaseConsumer, Handler
from channels_legacy.layers.protocol import Content
from channels_legacy.message import Message
from channels_legacy.sessions import enforce_ordering


class WebsocketConsumer(BaseConsumer):
    """A consumer of one socket: connect(), receive() and disconnect() are there to be overridden."""

    method_mapping: ClassVar[dict[str, str]] = {
        "websocket.connect": "raw_connect",
        "websocket.receive": "raw_receive",
        "websocket.disconnect": "raw_disconnect",
    }
    # The user of the web session is carried over at connect; the second attribute keeps the web session as well.
    http_user = False
    http_user_and_session = False
    # The order is always strict on a stack. Both attributes are accepted.
    strict_ordering = False
    slight_ordering = False
    groups: Iterable[str] | None = None

    def get_handler(self, message: Message, **kwargs: Any) -> Handler:
        """Return the method for the message, with everything that the attributes of the class ask for."""
        if self.http_user or self.http_user_and_session:
            self.channel_session_user = True
        self.path = message["path"]
        handler = super().get_handler(message, **kwargs)
        if self.http_user_and_session:
            handler = channel_and_http_session_user_from_http(handler)
        elif self.http_user:
            handler = channel_session_user_from_http(handler)
        return enforce_ordering(handler) if self.strict_ordering else handler

    def connection_groups(self, **kwargs: Any) -> Iterable[str]:
        """Return the groups that the socket is in while it is open. `kwargs` are the named groups of the route."""
        return self.groups or []

    def raw_connect(self, message: Message, **kwargs: Any) -> None:
        """Add the socket to its groups, then call connect()."""
        for group in self.connection_groups(**kwargs):
            Group(group, channel_layer=message.channel_layer).add(_socket(message))
        self.connect(message, **kwargs)

    def connect(self, message: Message, **kwargs: Any) -> None:
        """Accept the socket. An override accepts it by itself, or raises DenyConnection."""
        _socket(message).send({"accept": True})

    def raw_receive(self, message: Message, **kwargs: Any) -> None:
        """Call receive() with the text or the bytes of a frame."""
        if message.get("text") is not None:
            self.receive(text=message["text"], **kwargs)
        else:
            self.receive(bytes=message["bytes"], **kwargs)

    def receive(self, text: str | None = None, bytes: bytes | None = None, **kwargs: Any) -> None:
        """Take a frame of the socket."""

    def send(self, text: str | None = None, bytes: bytes | None = None, close: bool | int = False) -> None:
        """Send a frame to the socket; with `close` (True or a code) the socket is closed after it."""
        _socket(self.message).send(_frame(text, bytes, close))

    @classmethod
    def group_send(
        cls, name: str, text: str | None = None, bytes: bytes | None = None, close: bool | int = False
    ) -> None:
        """Send a frame to all sockets of a group."""
        Group(name).send(_frame(text, bytes, close))

    def close(self, status: bool | int = True) -> None:
        """Close the socket, with a close code or without one."""
        _socket(self.message).send({"close": status})

    def raw_disconnect(self, message: Message, **kwargs: Any) -> None:
        """Remove the socket from its groups, then call disconnect()."""
        for group in self.connection_groups(**kwargs):
            Group(group, channel_layer=message.channel_layer).discard(_socket(message))
        self.disconnect(message, **kwargs)

    def disconnect(self, message: Message, **kwargs: Any) -> None:
        """Take the end of the socket."""


def _socket(message: Message) -> Channel:
    """Return the channel of the message's socket. Raise ValueError when it came from none."""
    if message.reply_channel is None:
        raise ValueError(f"the message on {message.channel} came from no socket: it has no reply_channel")
    return message.reply_channel


def _frame(text: str | None, data: bytes | None, close: bool | int) -> Content:
    content: Content = {"close": close} if close else {}
    if text is not None:
        return content | {"text": text}
    if data is not None:
        return content | {"bytes": data}
    raise ValueError("send() needs text or bytes; close() closes a socket without a frame")


class JsonWebsocketConsumer(WebsocketConsumer):
    """A consumer of JSON texts: frames are read for receive() and written by send()."""

    def raw_receive(self, message: Message, **kwargs: Any) -> None:
        """Call receive() with the value of a frame. Raise ValueError for bytes, and for text that is no JSON."""
        if message.get("text") is None:
            raise ValueError("the frame has bytes: a JsonWebsocketConsumer takes text")
        self.receive(self.decode_json(message["text"]), **kwargs)

    def receive(self, content: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Take the value of a frame."""

    def send(self, content: Any, close: bool | int = False) -> None:  # type: ignore[override]
        """Send a value to the socket."""
        super().send(text=self.encode_json(content), close=close)

    @classmethod
    def decode_json(cls, text: str) -> Any:
        """Return the value of a JSON text."""
        return json.loads(text)

    @classmethod
    def encode_json(cls, content: Any) -> str:
        """Return a value as JSON text."""
        return json.dumps(content)

    @classmethod
    def group_send(cls, name: str, content: Any, close: bool | int = False) -> None:  # type: ignore[override]
        """Send a value to all sockets of a group."""
        WebsocketConsumer.group_send(name, cls.encode_json(content), close=close)


class WebsocketMultiplexer:
    """The way out for one stream of a socket. Consumers behind a demultiplexer get it as `multiplexer`."""

    stream: str | None = None
    reply_channel: Channel | None = None

    def __init__(self, stream: str, reply_channel: Channel) -> None:
        self.stream = stream
        self.reply_channel = reply_channel

    def send(self, payload: Any) -> None:
        """Send a payload on the stream."""
        if self.reply_channel is None or self.stream is None:
            raise ValueError("this multiplexer has no socket: make it with a stream and a reply channel")
        self.reply_channel.send(self.encode(self.stream, payload))

    @classmethod
    def encode_json(cls, content: Any) -> str:
        """Return a value as JSON text; times, decimals and UUIDs become strings."""
        return json.dumps(content, cls=DjangoJSONEncoder)

    @classmethod
    def encode(cls, stream: str, payload: Any) -> Content:
        """Return the frame that carries a payload on a stream."""
        return {"text": cls.encode_json({"stream": stream, "payload": payload})}

    @classmethod
    def group_send(cls, name: str, stream: str, payload: Any, close: bool | int = False) -> None:
        """Send a payload on a stream to all sockets of a group."""
        message = cls.encode(stream, payload)
        Group(name).send(message | {"close": True} if close else message)


class WebsocketDemultiplexer(JsonWebsocketConsumer):
    """Several consumers behind one socket. A frame {"stream": ..., "payload": {...}} goes to its stream's consumer."""

    consumers: Mapping[str, Callable[..., Any]] = {}
    multiplexer_class = WebsocketMultiplexer

    def receive(self, content: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Call the consumer of the frame's stream with the payload as text. Raise ValueError for other frames."""
        if not (isinstance(content, dict) and "stream" in content and "payload" in content):
            raise ValueError('the frame is not for a demultiplexer: it needs "stream" and "payload"')
        stream, payload = content["stream"], content["payload"]
        consumer = self.consumers.get(stream) if isinstance(stream, str) else None
        if consumer is None:
            raise ValueError(f"the frame is for the stream {stream!r}, which has no consumer")
        if not isinstance(payload, dict):
            raise ValueError(f"the payload of a frame for the stream {stream!r} must be an object")
        self.message.content["text"] = self.encode_json(payload)
        self._call(stream, _without_send(consumer), self.message, kwargs)

    def connect(self, message: Message, **kwargs: Any) -> None:
        """Accept the socket, and call all consumers."""
        _socket(message).send({"accept": True})
        self._call_all(message, kwargs)

    def disconnect(self, message: Message, **kwargs: Any) -> None:
        """Call the consumers of all streams."""
        self._call_all(message, kwargs)

    def _call_all(self, message: Message, kwargs: dict[str, Any]) -> None:
        for stream, consumer in self.consumers.items():
            self._call(stream, consumer, message, kwargs)

    def _call(self, stream: str, consumer: Callable[..., Any], message: Message, kwargs: dict[str, Any]) -> None:
        consumer(message, **{**kwargs, "multiplexer": self.multiplexer_class(stream, _socket(message))})

    def send(self, *args: Any) -> None:
        """Raise SendNotAvailableOnDemultiplexer: a frame belongs to a stream."""
        raise SendNotAvailableOnDemultiplexer("use multiplexer.send(), which knows the stream")

    @classmethod
    def group_send(cls, name: str, stream: str, payload: Any, close: bool | int = False) -> None:  # type: ignore[override]
        """Raise SendNotAvailableOnDemultiplexer: a frame belongs to a stream."""
        raise SendNotAvailableOnDemultiplexer("use WebsocketMultiplexer.group_send()")


def _refuse_send(*_: Any, **__: Any) -> None:
    raise SendNotAvailableOnDemultiplexer("this consumer is behind a demultiplexer: use multiplexer.send()")


@functools.lru_cache(maxsize=1000)
def _without_send(consumer: Callable[..., Any]) -> Callable[..., Any]:
    """Return a class consumer that refuses send(), because its frames would have no stream.

    1.x replaced send() in the class itself, also for the sockets that this class serves without a demultiplexer.
    """
    if isinstance(consumer, type) and hasattr(consumer, "send"):
        return type(consumer.__name__, (consumer,), {"__module__": consumer.__module__, "send": _refuse_send})
    return consumer
