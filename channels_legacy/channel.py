"""Channels and groups, to which consumers, views, models and commands send."""

from channels_legacy.asgi import DEFAULT_CHANNEL_LAYER, ChannelLayerWrapper, channel_layers
from channels_legacy.layers.contents import check_content, check_name
from channels_legacy.layers.delayed import DELAY_CHANNEL, read_delay
from channels_legacy.layers.protocol import Content
from channels_legacy.support.pending import PendingMessageStore

pending_message_store = PendingMessageStore()


class _Destination:
    """A name on a layer. The layer is looked up at each use, so that tests can replace it."""

    def __init__(
        self,
        name: str | bytes,
        alias: str = DEFAULT_CHANNEL_LAYER,
        channel_layer: ChannelLayerWrapper | None = None,
    ) -> None:
        self.name = name.decode() if isinstance(name, bytes) else name
        self._alias = alias
        self._channel_layer = channel_layer

    @property
    def channel_layer(self) -> ChannelLayerWrapper:
        """Return the layer. Raise InvalidChannelLayerError when this process has none."""
        return channel_layers[self._alias] if self._channel_layer is None else self._channel_layer

    def __str__(self) -> str:
        return self.name


class Channel(_Destination):
    """A channel, from which one worker takes each message, or the way to one socket (`message.reply_channel`)."""

    def send(self, content: Content, immediately: bool = False) -> None:
        """Send a dictionary: at once outside of consumers and with `immediately`, else when the consumer ends.

        Raise TypeError for anything but a dictionary of text, bytes, numbers, lists and dictionaries. A message for
        asgi.delay is sent later; ValueError is raised for a delay out of bounds.
        """
        if not isinstance(content, dict):
            raise TypeError(f"cannot send to {self.name}: the content must be a dict, not {type(content).__name__}")
        if self.name == DELAY_CHANNEL:
            read_delay(content)  # here: the line that sends learns of a mistake
        if pending_message_store.active and not immediately:
            check_name(self.name, "channel")
            check_content(content, self.name)
            pending_message_store.append(self, content)
        else:
            self.channel_layer.send(self.name, content)


class Group(_Destination):
    """A group of channels that receive the same messages, usually sockets."""

    def add(self, channel: Channel | str) -> None:
        """Add a channel, at once; a channel that is in the group stays in it."""
        self.channel_layer.group_add(self.name, channel.name if isinstance(channel, Channel) else channel)

    def discard(self, channel: Channel | str) -> None:
        """Remove a channel, at once; nothing happens when it is not in the group."""
        self.channel_layer.group_discard(self.name, channel.name if isinstance(channel, Channel) else channel)

    def send(self, content: Content, immediately: bool = False) -> None:
        """Send a dictionary to all channels of the group, at the time that `Channel.send` describes.

        Raise ValueError, as 1.x does, for anything but a dictionary.
        """
        if not isinstance(content, dict):
            raise ValueError(
                f"cannot send to the group {self.name}: the content must be a dict, not {type(content).__name__}"
            )
        if pending_message_store.active and not immediately:
            check_name(self.name, "group")
            check_content(content, f"the group {self.name}")
            pending_message_store.append(self, content)
        else:
            self.channel_layer.send_group(self.name, content)
