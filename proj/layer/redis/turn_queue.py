"""The queues of turns for the workers of Channels 1.x code: one sorted set for each channel, by time.

A turn is one member of the set, so an interface process can ask whether the turn still waits for a worker.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

from redis.exceptions import ResponseError

from proj.layer.redis.socket_registry import Command
from proj.layer.redis.wire import Argument
from proj.layer.redis.work_layer import WorkLayer

QUEUE_EXPIRY_SECONDS = 600  # after the newest turn, of a queue that no worker takes from
SCORE_STEP_SECONDS = 1e-6  # between two turns that are put together
TAKING_NAME = "turns"  # of the connection that waits for turns

Entry = tuple[str, bytes]  # a channel, and a serialized turn


class TurnQueue:
    """Puts turns into the queues and takes them out. All methods raise redis' errors when Redis is away."""

    def __init__(self, layer: WorkLayer) -> None:
        self._layer = layer
        self._first = 0  # the channel that the next take() prefers: each in turn, so none waits for ever

    def key(self, channel: str) -> str:
        """Return the key of a channel's queue."""
        return f"{self._layer.prefix}turns:{channel}"

    async def put(self, entries: Iterable[Entry], before: Sequence[Command] = ()) -> None:
        """Append turns to the queues of their channels, in one round trip, after the commands `before`."""
        now = time.time()
        members: dict[str, list[Argument]] = defaultdict(list)
        for channel, data in entries:
            members[self.key(channel)] += [now, data]
            now += SCORE_STEP_SECONDS  # equal scores would be sorted by their bytes
        commands: list[Command] = [*before]
        for key, some in members.items():
            commands += [("ZADD", key, *some), ("EXPIRE", key, QUEUE_EXPIRY_SECONDS)]
        await (await self._layer.loop_part().sending[0].get()).calls(commands)

    async def take(self, channels: Sequence[str], limit: int) -> list[bytes]:
        """Take up to `limit` turns of one channel, oldest first; return none after the layer's brpop_timeout."""
        self._first = (self._first + 1) % len(channels)
        keys = [self.key(channel) for channel in (*channels[self._first :], *channels[: self._first])]
        layer = self._layer
        wire = await layer.loop_part().taking(0, TAKING_NAME).get()
        try:
            if wire.client_id is None:
                wire.client_id = await layer.client_id(wire)
            if layer.pops_many:
                try:
                    popped = await wire.call("BZMPOP", layer.brpop_timeout, len(keys), *keys, "MIN", "COUNT", limit)
                except ResponseError as error:
                    if "unknown command" not in str(error):
                        raise
                    layer.pops_many = False  # Redis before 7
                else:
                    return [member for member, _ in popped[1]] if popped else []
            one = await wire.call("BZPOPMIN", *keys, layer.brpop_timeout)
        except asyncio.CancelledError:
            wire.drop()  # else Redis would send the next turn to this wire, and nobody would read it
            raise
        return [one[1]] if one else []

    async def stop_waiting(self) -> None:
        """Make a waiting take() return now."""
        await self._layer.stop_waiting(TAKING_NAME)

    async def waiting(self, entries: Sequence[Entry]) -> list[bool]:
        """Return of each turn whether it still waits for a worker."""
        wire = await self._layer.loop_part().sending[0].get()
        scores = await wire.calls([("ZSCORE", self.key(channel), data) for channel, data in entries])
        return [score is not None for score in scores]

    async def remove(self, entries: Iterable[Entry]) -> list[bool]:
        """Take turns back. Return of each whether it was still there, so that no worker has it."""
        wire = await self._layer.loop_part().sending[0].get()
        counts = await wire.calls([("ZREM", self.key(channel), data) for channel, data in entries])
        return [count > 0 for count in counts]
