"""The messages that a running consumer has sent: they leave together when the consumer ends."""

import threading
import time
from typing import Protocol

from channels_legacy.layers.protocol import Content

RETRY_SECONDS = 2.0
RETRY_INTERVAL_SECONDS = 0.05


class Sender(Protocol):
    """A channel or a group."""

    name: str

    @property
    def channel_layer(self) -> object:
        """Return the layer, which names its ChannelFull exception."""

    def send(self, content: Content, immediately: bool = False) -> None:
        """Send `content` to the channel or the group."""


class _Held(threading.local):
    """The messages of this thread's consumer; None outside of consumers."""

    messages: list[tuple[Sender, Content]] | None = None


class PendingMessageStore:
    """The messages that consumers of this process have sent, kept apart for each thread.

    `consumer_started` begins the collection of a thread, `consumer_finished` sends the collected messages in order.
    """

    def __init__(self) -> None:
        self._held = _Held()

    @property
    def active(self) -> bool:
        """Return whether a consumer runs in this thread."""
        return self._held.messages is not None

    def prepare(self, **kwargs: object) -> None:
        """Begin to collect the messages of this thread."""
        self._held.messages = []

    def append(self, sender: Sender, content: Content) -> None:
        """Keep a message until the consumer ends."""
        if self._held.messages is not None:
            self._held.messages.append((sender, content))

    def send_and_flush(self, **kwargs: object) -> None:
        """Send the collected messages. A full channel is tried for two seconds in all, and fails no other message.

        Raise RuntimeError with the first failure at the end.
        """
        messages, self._held.messages = self._held.messages or [], None
        deadline = time.monotonic() + RETRY_SECONDS
        failures = [failure for sender, content in messages if (failure := _sent(sender, content, deadline))]
        if failures:
            raise RuntimeError(str(failures[0])) from failures[0]


def _sent(sender: Sender, content: Content, deadline: float) -> Exception | None:
    """Send one message; return the failure."""
    while True:
        try:
            sender.send(content, immediately=True)
        except sender.channel_layer.ChannelFull as error:  # type: ignore[attr-defined]
            if time.monotonic() >= deadline:
                return RuntimeError(f"could not send to {sender.name}: still full after {RETRY_SECONDS:g} s: {error}")
            time.sleep(RETRY_INTERVAL_SECONDS)
        except Exception as error:
            return RuntimeError(f"could not send to {sender.name}: {error}")
        else:
            return None
