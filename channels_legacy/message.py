"""A message as its consumer sees it: a mapping with the channel it came on and the channel of its socket."""

import copy
from collections.abc import ItemsView, KeysView, Mapping, ValuesView
from typing import Any, Self

from channels_legacy.asgi import ChannelLayerWrapper
from channels_legacy.channel import Channel, pending_message_store
from channels_legacy.layers.protocol import Content
from channels_legacy.signals import consumer_finished, consumer_started

__all__ = ["Message", "pending_message_store"]

consumer_started.connect(pending_message_store.prepare)
consumer_finished.connect(pending_message_store.send_and_flush)


class Message:
    """One message. `reply_channel` leads to its socket, and is None for a message that came from none.

    Decorators add `channel_session`, `http_session` and `user`.
    """

    channel_session: Any
    http_session: Any
    user: Any

    def __init__(self, content: Content, channel_name: str, channel_layer: ChannelLayerWrapper | None) -> None:
        self.content = content
        self.channel = Channel(channel_name, channel_layer=channel_layer)
        self.channel_layer = channel_layer
        socket = content.get("reply_channel")
        self.reply_channel = Channel(socket, channel_layer=channel_layer) if socket else None

    def __getitem__(self, key: str) -> Any:
        return self.content[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.content[key] = value

    def __contains__(self, key: object) -> bool:
        return key in self.content

    def keys(self) -> KeysView[str]:
        """Return the keys of the content."""
        return self.content.keys()

    def values(self) -> ValuesView[Any]:
        """Return the values of the content."""
        return self.content.values()

    def items(self) -> ItemsView[str, Any]:
        """Return the keys and values of the content."""
        return self.content.items()

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value of the content, or `default`."""
        return self.content.get(key, default)

    def copy(self) -> Self:
        """Return a message with a deep copy of the content."""
        return type(self)(copy.deepcopy(self.content), self.channel.name, self.channel_layer)

    def replaced(self, values: Mapping[str, str]) -> Self:
        """Return a message with some values of the content replaced and the others shared."""
        return type(self)({**self.content, **values}, self.channel.name, self.channel_layer)
