"""Acts, turns and questions of Channels 1.x code on their way. Processes without such code do not load this module.

Callers of received(), queue_missing(), ask() and answer() wait for the result; these raise redis' errors.
"""

import asyncio
import logging
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from channels.layers import get_channel_layer

from proj.layer.messages import ChannelAct, Turn, TurnAnswer, TurnAnswers, TurnQuestion
from proj.layer.names import socket_of
from proj.layer.publish import REDIS_TIMEOUT_SECONDS, after_commit
from proj.layer.redis.turn_queue import TurnQueue

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 1.0  # that all interface processes have for a question
ANSWER_POLL_SECONDS = 0.005
ANSWER_EXPIRY_SECONDS = 10  # of answers that nobody reads any more

_read_answer = msgspec.msgpack.Decoder(list[str]).decode


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
    """Send an act to the interface process of the socket `act.to`. Return whether the process received it."""
    layer: Any = get_channel_layer()
    return bool(await layer.receivers(TurnAnswers([TurnAnswer([act])], socket_of(act.to)[0])))


async def queue_missing(turns: Sequence[Turn]) -> None:
    """Put turns into the queues of the workers. Equal ones that still wait there keep their place."""
    if not turns:
        return
    layer: Any = get_channel_layer("work")
    queue = TurnQueue(layer)
    prefix = bytes(layer.serializer.random_prefix_length)  # in place of a random one: equal turns have equal bytes
    entries = [(turn.channel, prefix + layer.serialize(turn)[len(prefix) :]) for turn in turns]
    waiting = await queue.waiting(entries)
    await queue.put([entry for entry, waits in zip(entries, waiting, strict=True) if not waits])


async def ask(verb: str, name: str) -> list[str]:
    """Return the answers of all interface processes to a question (see TurnQuestion).

    Raise TimeoutError when one of them does not answer within ANSWER_SECONDS.
    """
    layer: Any = get_channel_layer()
    work: Any = get_channel_layer("work")
    key = f"{work.prefix}turns-answers:{uuid.uuid4().hex}"
    asked = await layer.receivers(TurnQuestion(verb, name, key))
    wire = await work.loop_part().sending[0].get()
    ends_at = asyncio.get_running_loop().time() + ANSWER_SECONDS
    while len(answers := await wire.call("LRANGE", key, 0, -1)) < asked:
        if asyncio.get_running_loop().time() > ends_at:
            raise TimeoutError(f"{asked - len(answers)} of {asked} interface processes did not answer in time")
        await asyncio.sleep(ANSWER_POLL_SECONDS)
    await wire.call("DEL", key)
    return [text for answer in answers for text in _read_answer(answer)]


async def answer(key: str, found: Sequence[str]) -> None:
    """Push one process's answer to a question."""
    wire = await get_channel_layer("work").loop_part().sending[0].get()
    await wire.calls([("RPUSH", key, msgspec.msgpack.encode(found)), ("EXPIRE", key, ANSWER_EXPIRY_SECONDS)])
