"""The layer for named channels: a queue with one round trip for a send and one for a receive.

The stock queue layer makes four round trips each way, to keep a copy of messages in flight. Here nothing is
acknowledged before it is in the database, so that copy buys nothing.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from channels.exceptions import ChannelFull
from redis.exceptions import ResponseError

from proj.layer.messages import ChannelMessage
from proj.layer.redis.channels_redis_internals import LoopConnections, QueueLayer, wire_pool
from proj.layer.redis.wire import ReconnectingWire, Wire

M = TypeVar("M")


class _LoopWires(LoopConnections):
    """The connections of one event loop: redis-py's, and the wires of the hot path."""

    def __init__(self, layer: "WorkLayer") -> None:
        super().__init__(layer)
        self._pools = [wire_pool(host) for host in layer.hosts]
        self.sending = [ReconnectingWire(pool) for pool in self._pools]
        self._taking: dict[tuple[int, str], ReconnectingWire] = {}

    def taking(self, index: int, channel: str) -> ReconnectingWire:
        """Return the wire that takes from a channel. It has no other use: a blocking command delays those behind it."""
        wire = self._taking.get((index, channel))
        if wire is None:
            wire = self._taking[index, channel] = ReconnectingWire(self._pools[index])
        return wire

    def waiting(self, channel: str) -> Iterable[tuple[ReconnectingWire, Wire]]:
        """Return pairs of wires: a free one, and one to the same Redis on which a take() of this channel may wait."""
        for (index, name), taking in self._taking.items():
            if name == channel and (wire := taking.open) is not None:
                yield self.sending[index], wire

    async def flush(self) -> None:
        for wire in (*self.sending, *self._taking.values()):
            await wire.close()
        await super().flush()


# Drops expired messages (by Redis' own clock), refuses the new one when the channel is full, else appends it.
SEND_SCRIPT = """
    local t = redis.call('TIME')
    local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
    local expiry = tonumber(ARGV[2])
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - expiry)
    if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
    redis.call('ZADD', KEYS[1], string.format('%.6f', now), ARGV[1])
    redis.call('EXPIRE', KEYS[1], expiry)
    return 1
"""
SEND_SCRIPT_SHA = hashlib.sha1(SEND_SCRIPT.encode()).hexdigest()  # noqa: S324 - the name that Redis gives to a script


class WorkLayer(QueueLayer):
    """Named channels as queues: a script to send, a blocking pop to receive.

    A message is gone once it is taken: a worker that dies with it loses it, and clients without an acknowledgement
    send again.
    """

    brpop_timeout = 2  # seconds that a take() waits; stop_waiting() ends it earlier
    loop_class = _LoopWires

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pops_many = True  # whether Redis knows BZMPOP

    def connection(self, index: int) -> Any:
        """Return a client of redis-py, for commands outside of the hot path."""
        self.loop_part()
        return super().connection(index)

    def reader(self, decoder: msgspec.msgpack.Decoder[M]) -> Callable[[bytes], M]:
        """Return a function that reads the typed messages of take(). It raises ValueError for anything else."""
        return self.serializer.reader(decoder)

    async def send(self, channel: str, message: ChannelMessage | Mapping[str, Any]) -> None:
        """Append `message` to a named channel. Raise ChannelFull, or redis' errors when Redis is away."""
        if "!" in channel:  # a process-local channel of an ordinary consumer
            await super().send(channel, message)
            return
        assert self.require_valid_channel_name(channel)  # noqa: S101 - as the stock layer does
        wire = await self.loop_part().sending[self.next_sending_host()].get()
        rest = (1, self.prefix + channel, self.serialize(message), int(self.expiry), self.get_capacity(channel))
        try:
            accepted = await wire.call("EVALSHA", SEND_SCRIPT_SHA, *rest)
        except ResponseError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
            accepted = await wire.call("EVAL", SEND_SCRIPT, *rest)
        if not accepted:
            raise ChannelFull(channel)

    async def take(self, channel: str, limit: int = 1) -> list[bytes]:
        """Take up to `limit` serialized messages, oldest first; return an empty list after brpop_timeout."""
        index = self.next_receiving_host()
        wire = await self.loop_part().taking(index, channel).get()
        key = self.prefix + channel
        try:
            if wire.client_id is None:
                wire.client_id = await self.client_id(wire)
            if self.pops_many:
                try:
                    popped = await wire.call("BZMPOP", self.brpop_timeout, 1, key, "MIN", "COUNT", limit)
                except ResponseError as error:
                    if "unknown command" not in str(error):
                        raise
                    self.pops_many = False  # Redis before 7
                else:
                    return [member for member, _ in popped[1]] if popped else []
            one = await wire.call("BZPOPMIN", key, self.brpop_timeout)
        except asyncio.CancelledError:
            wire.drop()  # else Redis would send the next message to this wire, and nobody would read it
            raise
        return [one[1]] if one else []

    @staticmethod
    async def client_id(wire: Wire) -> int:
        """Return the id that Redis gave to the connection; 0 where its access rules forbid the question."""
        try:
            return int(await wire.call("CLIENT", "ID"))
        except ResponseError:
            return 0

    async def stop_waiting(self, channel: str) -> None:
        """Make a waiting take() of this channel return an empty list now. A take() with a message keeps it."""
        for free, taking in self.loop_part().waiting(channel):
            if taking.client_id:
                await (await free.get()).call("CLIENT", "UNBLOCK", taking.client_id)

    async def receive(self, channel: str) -> dict[str, Any]:
        """Return the next message of a channel, as the channel layer specification demands."""
        if "!" in channel:
            return await super().receive(channel)  # type: ignore[no-any-return]
        while not (taken := await self.take(channel)):
            pass
        return self.deserialize(taken[0])  # type: ignore[no-any-return]

    async def waiting(self, channel: str) -> int:
        """Return the number of messages that wait on a named channel."""
        total = 0
        for index in range(self.ring_size):
            key = self.prefix + channel
            total += await self.connection(index).zcount(key, time.time() - self.expiry, "+inf")
        return total
