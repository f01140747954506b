"""The base of consumers of named channels, as the Worker runs them."""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

from channels.consumer import AsyncConsumer

from proj.layer.messages import ChannelMessage


class WorkerConsumer(AsyncConsumer):
    """Consumes one named channel in batches.

    The worker takes up to `max_messages` messages, asks unpacked() for the items in each, and passes all items to
    handle() at once. handle() may be called again with items that it has done already (after a failure, or because a
    message arrived twice), so it must be idempotent. It raises when nothing of the batch was done; the worker then
    tries the items one by one. An ordinary Channels consumer works on a named channel too, one message at a time.
    """

    reads: ClassVar[tuple[type[ChannelMessage], ...]] = ()  # the message types of the channel; none: plain dicts
    max_messages = 1
    # A pause in seconds after a batch of more than one message, while batches are small: it lets them grow, and many
    # commands share a commit. Once batches are `large_batch` without it, it would only delay the clients that wait.
    pause = 0.0
    large_batch = 4.0  # items

    def unpacked(self, message: Any) -> Sequence[Any]:
        """Return the items in a message. Raise ValueError, TypeError or KeyError for an invalid message."""
        return [message]

    async def live(self, stopping: asyncio.Event) -> None:
        """Do the consumer's work besides messages, from the start of the worker until `stopping` is set."""

    async def handle(self, items: Sequence[Any]) -> None:
        """Do all of `items`."""
        raise NotImplementedError

    async def set_aside(self, item: Any) -> None:
        """Answer the client that waits for `item`, which failed too often."""
