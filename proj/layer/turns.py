"""Acts and turns of Channels 1.x code on their way. No process without such code loads this module."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from channels.layers import get_channel_layer

from proj.layer.messages import ChannelAct, Turn, TurnAnswer, TurnAnswers
from proj.layer.names import socket_of
from proj.layer.publish import REDIS_TIMEOUT_SECONDS, after_commit
from proj.layer.redis.turn_queue import TurnQueue

logger = logging.getLogger(__name__)


def enqueue(turn: Turn) -> None:
    """Hand a message for a Channels 1.x channel to the workers after the commit, as wake() does."""
    after_commit(partial(aenqueue, [turn]))


async def aenqueue(turns: Sequence[Turn]) -> bool:
    """Hand `turns` to the workers of their channels now. Return whether Redis took them."""
    layer: Any = get_channel_layer("work")
    try:
        entries = [(turn.channel, layer.serialize(turn)) for turn in turns]
        async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
            await TurnQueue(layer).put(entries)
    except Exception as error:
        channels = ", ".join(sorted({turn.channel for turn in turns}))
        logger.warning("could not send to the channel %s: %r", channels, error)
        return False
    return True


async def received(act: ChannelAct) -> bool:
    """Send an act to the interface process of the socket `act.to`. Return whether the process received it.

    Raise redis' errors.
    """
    layer: Any = get_channel_layer()
    return bool(await layer.receivers(TurnAnswers([TurnAnswer([act])], socket_of(act.to)[0])))


async def queue_missing(turns: Sequence[Turn]) -> None:
    """Put turns into the queues of the workers. Equal ones that still wait there keep their place.

    Raise redis' errors.
    """
    if not turns:
        return
    layer: Any = get_channel_layer("work")
    queue = TurnQueue(layer)
    prefix = bytes(layer.serializer.random_prefix_length)  # in place of a random one: equal turns have equal bytes
    entries = [(turn.channel, prefix + layer.serialize(turn)[len(prefix) :]) for turn in turns]
    waiting = await queue.waiting(entries)
    await queue.put([entry for entry, waits in zip(entries, waiting, strict=True) if not waits])
