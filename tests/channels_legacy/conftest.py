"""A layer in memory under the alias `default` for each test, and messages of a socket."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from channels_legacy.asgi import ChannelLayerWrapper, channel_layers
from channels_legacy.layers.memory import InMemoryLayer
from channels_legacy.message import Message
from channels_legacy.routing import Router

SOCKET = "websocket.send.1!7"
Performer = Callable[..., Any]


@pytest.fixture(autouse=True)
def layer() -> Iterator[ChannelLayerWrapper]:
    wrapper = ChannelLayerWrapper(InMemoryLayer(), "default", [])
    former = channel_layers.set("default", wrapper)
    yield wrapper
    channel_layers.set("default", former)


@pytest.fixture
def routed(layer: ChannelLayerWrapper) -> Callable[..., None]:
    """Return a function that routes the layer of the test."""

    def use(*routes: Any) -> None:
        layer.routing = list(routes)
        layer.router = Router(layer.routing)

    return use


def received(layer: ChannelLayerWrapper, channel: str = SOCKET) -> list[dict[str, Any]]:
    """Return all messages that wait on a channel."""
    found = []
    while (content := layer.receive_many([channel])[1]) is not None:
        found.append(content)
    return found


def message(channel: str = "websocket.receive", **content: Any) -> Message:
    """Return a message of the socket SOCKET."""
    return Message({"reply_channel": SOCKET, "path": "/", **content}, channel, channel_layers["default"])
