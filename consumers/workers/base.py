"""What a consumer of a named channel looks like to our Worker."""

import asyncio
from collections.abc import Sequence
from typing import Any

from channels.consumer import AsyncConsumer


class WorkerConsumer(AsyncConsumer):
    """Consumes one named channel in batches.

    The worker takes up to `most_messages` messages, asks unpacked() for the items in each, and gives all items to
    handle() at once. handle() may be called again with items that it has done already (after a failure, or because a
    message came twice), so it must be idempotent. It raises when nothing of the batch was done; the worker then tries
    the items one by one. An ordinary Channels consumer works on a named channel too, one message at a time.
    """

    most_messages = 1
    # Seconds after a batch of more than one message, while batches are small: it lets them grow, and many share a
    # commit. Once they are `large` without it, who waits for a batch would only wait longer.
    pause = 0.0
    large = 4.0  # items

    def unpacked(self, message: dict[str, Any]) -> Sequence[Any]:
        """The items in a message. Raise ValueError, TypeError or KeyError for a message that makes no sense."""
        return [message]

    async def live(self, stopping: asyncio.Event) -> None:
        """Called when the worker starts: what the consumer does besides messages, until `stopping` is set."""

    async def handle(self, items: Sequence[Any]) -> None:
        """Do all of `items`."""
        raise NotImplementedError

    async def set_aside(self, item: Any) -> None:
        """Called with an item that failed too often; whoever waits for it should be told."""
