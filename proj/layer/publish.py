"""Sends messages to other processes: after the commit, and without ever failing the caller.

A message is a wake-up or a frame, and never the only copy: a receiver that misses it catches up from the database.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial

from channels.layers import get_channel_layer
from django.db import transaction

from proj.layer import loop
from proj.layer.messages import ChannelMessage, GroupMessage, check

logger = logging.getLogger(__name__)

REDIS_TIMEOUT_SECONDS = 3.0  # for each send: Redis may hang instead of being away


def publish(*messages: GroupMessage) -> None:
    """Send `messages` to their groups, in one round trip, after the commit of the current transaction (now, if none).

    Raise ValueError at once when a field has another type than its message declares. Trouble with Redis is logged.
    """
    for message in messages:
        check(message)
    after_commit(partial(apublish, messages))


def wake(message: ChannelMessage) -> None:
    """Send `message` to the workers of its channel after the commit, as publish() does."""
    check(message)
    after_commit(partial(awake, message))


async def apublish(messages: Sequence[GroupMessage]) -> bool:
    """Send `messages` to their groups now, in one round trip. Return whether Redis took all of them."""
    try:
        async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
            await get_channel_layer().group_send_many(messages)
    except Exception as error:  # of any kind: the database has the content of these messages
        groups = [group for message in messages[:3] for group in message.groups]
        more = f" and {len(messages) - 3} more messages" if len(messages) > 3 else ""
        logger.warning("could not publish to %s%s: %r", ", ".join(groups), more, error)
        return False
    return True


async def awake(message: ChannelMessage) -> bool:
    """Send `message` to the workers of its channel now. Return whether Redis took it."""
    try:
        async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
            await get_channel_layer("work").send(message.CHANNEL, message)
    except Exception as error:
        logger.warning("could not wake the workers of channel %s: %r", message.CHANNEL, error)
        return False
    return True


def after_commit(sending: Callable[[], Coroutine[None, None, bool]]) -> None:
    """Send after the commit of the transaction, or at once outside of one. A failure is logged and not raised."""

    def send() -> None:
        try:
            loop.run(sending(), REDIS_TIMEOUT_SECONDS + 1)
        except Exception as error:
            logger.warning("could not publish: the layer's event loop failed: %r", error)

    transaction.on_commit(send, robust=True)
