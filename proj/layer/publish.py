"""Tells other processes that something is true: after the commit, and never failing the one who asked.

What is published is a wake-up or a frame. The database has it all, and whoever misses a message catches up from there.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from channels.layers import get_channel_layer
from django.db import transaction

from proj.layer import loop, messages

logger = logging.getLogger(__name__)

PATIENCE = 3.0  # seconds that anyone waits for Redis; it may hang instead of being away


def publish(group: str, message: Mapping[str, Any]) -> None:
    """Send `message` to `group` once the current transaction has been committed (now, when there is none).

    Raises messages.BadMessage at once; trouble with Redis is logged and forgotten.
    """
    publish_many([(group, message)])


def publish_many(told: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """As publish(), several messages in one round trip."""
    _after_commit(partial(apublish, [(group, messages.checked(message)) for group, message in told]))


def wake(channel: str, message: Mapping[str, Any]) -> None:
    """As publish(), to a worker's named channel."""
    _after_commit(partial(awake, channel, messages.checked(message)))


async def apublish(told: Sequence[tuple[str, Mapping[str, Any]]]) -> bool:
    """Send messages to groups now, all in one round trip; False when Redis could not take them."""
    checked = [(group, messages.checked(message)) for group, message in told]
    try:
        async with asyncio.timeout(PATIENCE):
            await get_channel_layer().group_send_many(checked)
    except Exception as error:  # whatever it is, what was to be told is stored
        logger.warning("published nothing to %s: %r", ", ".join(group for group, _ in checked[:3]), error)
        return False
    return True


async def awake(channel: str, message: Mapping[str, Any]) -> bool:
    """Send a message to a worker's named channel now; False when it could not be taken."""
    try:
        async with asyncio.timeout(PATIENCE):
            await get_channel_layer("work").send(channel, messages.checked(message))
    except Exception as error:
        logger.warning("woke nobody on %s: %r", channel, error)
        return False
    return True


def _after_commit(sending: Any) -> None:
    def send() -> None:
        try:
            loop.run(sending(), PATIENCE + 1)
        except Exception as error:
            logger.warning("published nothing: %r", error)

    transaction.on_commit(send, robust=True)
