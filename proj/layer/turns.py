"""Acts and turns of Channels 1.x code, for callers that must know whether they arrived. All raise redis' errors."""

from collections.abc import Sequence
from typing import Any

from channels.layers import get_channel_layer

from proj.layer.messages import ChannelAct, Turn, TurnAnswer, TurnAnswers
from proj.layer.names import socket_of
from proj.layer.redis.turn_queue import TurnQueue


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
