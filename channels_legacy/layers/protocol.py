"""The layer that consumers of Channels 1.x see: a small synchronous object that carries dictionaries."""

from collections.abc import Iterable
from typing import Any, ClassVar, Protocol, TypeAlias

# A message: text keys; text, bytes, numbers, lists and dictionaries as values.
Content: TypeAlias = dict[str, Any]


class ChannelFull(Exception):
    """The channel holds as many messages as it may; sending again later can help."""


class MessageTooLarge(ValueError):
    """The message is larger than a layer carries; sending it again cannot help."""


class Layer(Protocol):
    """Channels, groups and the sessions of sockets."""

    ChannelFull: ClassVar[type[Exception]]

    def send(self, channel: str, content: Content) -> None:
        """Put `content` on the channel. Raise ChannelFull."""

    def receive_many(self, channels: Iterable[str], block: bool = False) -> tuple[str, Content] | tuple[None, None]:
        """Return the next message of one of these channels with the channel's name, or two Nones."""

    def group_add(self, group: str, channel: str) -> None:
        """Add the channel to the group, at once."""

    def group_discard(self, group: str, channel: str) -> None:
        """Remove the channel from the group, at once."""

    def send_group(self, group: str, content: Content) -> None:
        """Put `content` on each channel of the group, except on full ones."""

    def group_channels(self, group: str) -> list[str]:
        """Return the names of the group's channels."""

    def new_channel(self, pattern: str) -> str:
        """Return an unused name that begins with `pattern`."""

    def session(self, reply_channel: str) -> Content:
        """Return the session of a socket as a dictionary of JSON types, empty at first."""

    def save_session(self, reply_channel: str, data: Content) -> None:
        """Replace the session of a socket."""

    def find_session(self, reply_channel: str) -> Content:
        """Return the session of any socket, without its sign-in; an empty one for an unknown name."""

    def replace_session(self, reply_channel: str, data: Content) -> None:
        """Replace the session of any socket, except its sign-in; nothing happens for an unknown name."""

    def end_session(self, reply_channel: str) -> None:
        """Forget the session of a socket."""

    def flush(self) -> None:
        """Forget all messages, groups and sessions."""
