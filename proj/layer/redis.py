"""The two channel layers: publish/subscribe for frames, and a queue with one round trip each way for named channels.

The stock queue layer makes four round trips for a send and four for a receive, to keep a copy of what is in flight.
Nothing here is acknowledged before it is in the database, so that copy buys nothing.
"""

import asyncio
import hashlib
import logging
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from channels.exceptions import ChannelFull
from channels_redis.core import RedisChannelLayer, RedisLoopLayer
from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer
from channels_redis.utils import _wrap_close, create_pool, decode_hosts
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from proj.layer.messages import LARGEST, MessageTooLarge
from proj.layer.wire import Argument, KeptWire, Wire

logger = logging.getLogger(__name__)


def _bounded(data: bytes) -> bytes:
    if len(data) > LARGEST:
        raise MessageTooLarge(f"a message of {len(data)} bytes, the layer carries {LARGEST}")
    return data


CONFIRMING = 3.0  # seconds that whoever subscribes waits for Redis


def _pool(host: Mapping[str, Any]) -> ConnectionPool:
    """Connections to a Redis host as a wire wants them."""
    return create_pool({**host, "protocol": 2})  # type: ignore[no-any-return]


class _Shard:
    """One Redis host of the frame layer: a wire to publish on, and one that listens and renews its subscriptions."""

    def __init__(self, host: Mapping[str, Any], layer: RedisPubSubLoopLayer) -> None:
        pool = _pool(host)
        self.publishing = KeptWire(pool)
        self._listening = KeptWire(pool, self._heard)
        self._layer = layer
        self._subscribed: set[str] = set()  # what should be, whether or not Redis is there
        self._confirming: dict[str, asyncio.Future[None]] = {}
        self._keeping: asyncio.Task[None] | None = None

    async def publish(self, channel: str, data: bytes) -> None:
        await (await self.publishing.get()).call("PUBLISH", channel, data)

    async def subscribe(self, channel: str) -> None:
        """Returns when Redis has confirmed it. Raises redis' TimeoutError; it is subscribed when Redis is back."""
        if channel not in self._subscribed:
            self._subscribed.add(channel)
            self._confirming[channel] = asyncio.get_running_loop().create_future()
            if self._keeping is None:
                self._keeping = asyncio.ensure_future(self._keep())
            elif wire := self._listening.open:
                wire.write(("SUBSCRIBE", channel))
        if (confirmed := self._confirming.get(channel)) is not None:
            try:
                await asyncio.wait_for(asyncio.shield(confirmed), CONFIRMING)
            except TimeoutError:
                raise RedisTimeoutError(f"not subscribed to {channel} yet: Redis is away") from None

    async def unsubscribe(self, channel: str) -> None:
        if channel in self._subscribed:
            self._subscribed.remove(channel)
            self._confirming.pop(channel, None)
            if wire := self._listening.open:
                wire.write(("UNSUBSCRIBE", channel))

    async def flush(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait((self._keeping,))
            self._keeping = None
        self._subscribed.clear()
        await self._listening.close()
        await self.publishing.close()

    async def _keep(self) -> None:
        """Subscribe to everything again whenever the wire was lost."""
        while True:
            try:
                wire = await self._listening.get()
                if self._subscribed:
                    wire.write(("SUBSCRIBE", *self._subscribed))
                await wire.ended()
                logger.warning("the frame layer is away")
            except (RedisError, OSError) as error:
                logger.warning("the frame layer is away: %s", error)
            await asyncio.sleep(random.uniform(0.2, 1.0))  # noqa: S311 - jitter

    def _heard(self, reply: Any) -> None:
        if isinstance(reply, Exception):
            logger.error("the frame layer cannot listen: %s", reply)
            return
        if isinstance(reply, bytes):
            return  # PONG, to a listener that is subscribed to nothing
        kind, name = reply[0], reply[1].decode()
        if kind == b"message":
            channels = self._layer.channels
            for channel in (name,) if name in channels else self._layer.groups.get(name, ()):
                if channel in channels:
                    channels[channel].put_nowait(reply[2])
        elif kind == b"subscribe" and (confirmed := self._confirming.pop(name, None)) is not None:
            confirmed.set_result(None)


class _Shards(RedisPubSubLoopLayer):
    def __init__(self, hosts: Any = None, **kwargs: Any) -> None:
        super().__init__(hosts=hosts, **kwargs)
        self._shards = [_Shard(host, self) for host in decode_hosts(hosts)]

    async def _subscribe_to_channel(self, channel: str) -> None:
        """As the stock layer, but nothing is left of a channel that could not be opened: nobody would ever read it."""
        try:
            await super()._subscribe_to_channel(channel)
        except BaseException:
            self.channels.pop(channel, None)
            await self._get_shard(channel).unsubscribe(channel)
            raise


class FrameLayer(RedisPubSubChannelLayer):
    """Groups by Redis publish/subscribe. At most once: a frame that nobody hears is in the database."""

    def _get_layer(self) -> RedisPubSubLoopLayer:
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            self._layers[loop] = _Shards(*self._args, **self._kwargs, channel_layer=self)
            _wrap_close(self, loop)
        return self._layers[loop]

    def serialize(self, message: Mapping[str, Any]) -> bytes:
        return _bounded(super().serialize(message))

    async def receive_all(self, channel: str) -> list[dict[str, Any]]:
        """As receive(), and what has arrived beside it, oldest first. What cannot be read is left out, with a word."""
        messages = [await self.receive(channel)]
        arrived = self._get_layer().channels.get(channel)
        while arrived is not None and not arrived.empty():
            data = arrived.get_nowait()
            try:
                messages.append(self.deserialize(data))
            except Exception as error:  # it came from outside, so anything may be wrong with it
                logger.error("an unreadable frame of %d bytes: %r", len(data), error)
        return messages

    async def group_send_many(self, told: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """group_send() for pairs of group and message, in one round trip per Redis host.

        Raises MessageTooLarge after the others have been sent.
        """
        refused = None
        layer = self._get_layer()
        commands: dict[_Shard, list[tuple[Argument, ...]]] = defaultdict(list)
        for group, message in told:
            name = layer._get_group_channel_name(group)
            try:
                commands[layer._get_shard(name)].append(("PUBLISH", name, self.serialize(message)))
            except MessageTooLarge as error:
                refused = error
        for shard, some in commands.items():
            await (await shard.publishing.get()).calls(some)
        if refused is not None:
            raise refused


class _Wires(RedisLoopLayer):
    """The connections of one event loop: redis-py's, and the wires of the hot path."""

    def __init__(self, layer: "WorkLayer") -> None:
        super().__init__(layer)
        self._pools = [_pool(host) for host in layer.hosts]
        self.sending = [KeptWire(pool) for pool in self._pools]
        self._taking: dict[tuple[int, str], KeptWire] = {}

    def taking(self, index: int, channel: str) -> KeptWire:
        """Who waits for a channel has a wire of its own: what comes after a blocking command waits as well."""
        wire = self._taking.get((index, channel))
        if wire is None:
            wire = self._taking[index, channel] = KeptWire(self._pools[index])
        return wire

    def waiting(self, channel: str) -> Iterable[tuple[KeptWire, Wire]]:
        """The wires on which somebody may wait for this channel, each with one to the same Redis that is free."""
        for (index, name), taking in self._taking.items():
            if name == channel and (wire := taking.open) is not None:
                yield self.sending[index], wire

    async def flush(self) -> None:
        for wire in (*self.sending, *self._taking.values()):
            await wire.close()
        await super().flush()


async def _number(wire: Wire) -> int:
    """What Redis calls this connection; 0 where we may not ask."""
    try:
        return int(await wire.call("CLIENT", "ID"))
    except ResponseError:
        return 0


# Drops what is too old (by Redis' own clock), refuses what is too much, appends the rest.
SEND = """
    local t = redis.call('TIME')
    local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
    local expiry = tonumber(ARGV[2])
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - expiry)
    if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
    redis.call('ZADD', KEYS[1], string.format('%.6f', now), ARGV[1])
    redis.call('EXPIRE', KEYS[1], expiry)
    return 1
"""
SEND_SHA = hashlib.sha1(SEND.encode()).hexdigest()  # noqa: S324 - the name that Redis gives it


class WorkLayer(RedisChannelLayer):
    """Named channels as queues: a script to send, a blocking pop to receive.

    What is taken is gone: a worker that dies with it loses it, and whoever was not acknowledged sends again.
    """

    brpop_timeout = 2  # seconds that a take() waits; stop_waiting() ends it before

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pops_many = True

    def _wires(self) -> _Wires:
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            _wrap_close(self, loop)
            self._layers[loop] = _Wires(self)
        return self._layers[loop]  # type: ignore[no-any-return]

    def connection(self, index: int) -> Any:
        """A client of redis-py, for what is not the hot path."""
        self._wires()
        return super().connection(index)

    def serialize(self, message: Mapping[str, Any]) -> bytes:
        return _bounded(super().serialize(message))

    async def send(self, channel: str, message: Mapping[str, Any]) -> None:
        """Append `message` to a named channel. Raises ChannelFull, or redis' errors when it is away."""
        if "!" in channel:  # a process-local channel of an ordinary consumer
            await super().send(channel, message)
            return
        assert self.require_valid_channel_name(channel)  # noqa: S101 - as the stock layer does
        wire = await self._wires().sending[next(self._send_index_generator)].get()
        rest = (1, self.prefix + channel, self.serialize(message), int(self.expiry), self.get_capacity(channel))
        try:
            taken = await wire.call("EVALSHA", SEND_SHA, *rest)
        except ResponseError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
            taken = await wire.call("EVAL", SEND, *rest)
        if not taken:
            raise ChannelFull(channel)

    async def take(self, channel: str, limit: int = 1) -> list[bytes]:
        """Take up to `limit` serialized messages, oldest first; an empty list when none came within brpop_timeout."""
        index = next(self._receive_index_generator)
        wire = await self._wires().taking(index, channel).get()
        key = self.prefix + channel
        try:
            if wire.number is None:
                wire.number = await _number(wire)
            if self._pops_many:
                try:
                    popped = await wire.call("BZMPOP", self.brpop_timeout, 1, key, "MIN", "COUNT", limit)
                except ResponseError as error:
                    if "unknown command" not in str(error):
                        raise
                    self._pops_many = False  # Redis before 7
                else:
                    return [member for member, _ in popped[1]] if popped else []
            one = await wire.call("BZPOPMIN", key, self.brpop_timeout)
        except asyncio.CancelledError:
            wire.drop()  # or Redis would hand the next message to nobody
            raise
        return [one[1]] if one else []

    async def stop_waiting(self, channel: str) -> None:
        """Have a take() of this channel that waits return now, with nothing; one that has got something keeps it."""
        for free, taking in self._wires().waiting(channel):
            if taking.number:
                await (await free.get()).call("CLIENT", "UNBLOCK", taking.number)

    async def receive(self, channel: str) -> dict[str, Any]:
        """The next message of a channel, as the channel layer specification has it."""
        if "!" in channel:
            return await super().receive(channel)  # type: ignore[no-any-return]
        while not (taken := await self.take(channel)):
            pass
        return self.deserialize(taken[0])  # type: ignore[no-any-return]

    async def waiting(self, channel: str) -> int:
        """How many messages wait on a named channel."""
        total = 0
        for index in range(self.ring_size):
            key = self.prefix + channel
            total += await self.connection(index).zcount(key, time.time() - self.expiry, "+inf")
        return total
