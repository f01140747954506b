"""The two channel layers: publish/subscribe for frames, and a queue with one round trip each way for named channels.

The stock queue layer makes four round trips for a send and four for a receive, to keep a copy of what is in flight.
Nothing here is acknowledged before it is in the database, so that copy buys nothing.
"""

import asyncio
import logging
import random
import time
from collections.abc import Iterable, Mapping
from typing import Any

from channels.exceptions import ChannelFull
from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer, RedisSingleShardConnection
from channels_redis.utils import _wrap_close, decode_hosts
from redis.exceptions import RedisError, ResponseError

from proj.layer.messages import LARGEST, MessageTooLarge

logger = logging.getLogger(__name__)


def _bounded(data: bytes) -> bytes:
    if len(data) > LARGEST:
        raise MessageTooLarge(f"a message of {len(data)} bytes, the layer carries {LARGEST}")
    return data


LISTENING = 10.0  # seconds that a listener waits before it looks up; below socket_timeout


class _Shard(RedisSingleShardConnection):
    """Channels' own looks up ten times a second, which costs an idle process more than anything else it does."""

    async def _do_receiving(self) -> None:
        while True:
            try:
                if self._pubsub is not None and self._pubsub.subscribed:
                    message = await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=LISTENING)
                    self._receive_message(message)
                else:
                    await asyncio.sleep(0.1)
            except (RedisError, OSError) as error:
                logger.warning("the frame layer is away: %s", error)
                await asyncio.sleep(random.uniform(0.5, 1.0))  # noqa: S311 - jitter


class _Shards(RedisPubSubLoopLayer):
    def __init__(self, hosts: Any = None, **kwargs: Any) -> None:
        super().__init__(hosts=hosts, **kwargs)
        self._shards = [_Shard(host, self) for host in decode_hosts(hosts)]


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

    async def group_send_many(self, told: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """group_send() for pairs of group and message, in one round trip per Redis host.

        Raises MessageTooLarge after the others have been sent.
        """
        refused = None
        layer = self._get_layer()
        pipelines: dict[Any, Any] = {}
        for group, message in told:
            name = layer._get_group_channel_name(group)
            shard = layer._get_shard(name)
            try:
                data = self.serialize(message)
            except MessageTooLarge as error:
                refused = error
                continue
            if shard not in pipelines:
                if shard._redis is None:
                    async with shard._lock:
                        shard._ensure_redis()
                pipelines[shard] = shard._redis.pipeline(transaction=False)
            pipelines[shard].publish(name, data)
        for pipeline in pipelines.values():
            await pipeline.execute()
        if refused is not None:
            raise refused


class WorkLayer(RedisChannelLayer):
    """Named channels as queues: a script to send, a blocking pop to receive.

    What is taken is gone: a worker that dies with it loses it, and whoever was not acknowledged sends again.
    """

    brpop_timeout = 2  # seconds; a worker that is told to stop waits at most this long

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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._scripts: dict[Any, Any] = {}
        self._pops_many = True

    def serialize(self, message: Mapping[str, Any]) -> bytes:
        return _bounded(super().serialize(message))

    async def send(self, channel: str, message: Mapping[str, Any]) -> None:
        """Append `message` to a named channel. Raises ChannelFull, or redis' errors when it is away."""
        if "!" in channel:  # a process-local channel of an ordinary consumer
            await super().send(channel, message)
            return
        assert self.require_valid_channel_name(channel)  # noqa: S101 - as the stock layer does
        connection = self.connection(next(self._send_index_generator))
        script = self._scripts.get(connection)
        if script is None:
            script = self._scripts[connection] = connection.register_script(self.SEND)
        args = [self.serialize(message), int(self.expiry), self.get_capacity(channel)]
        if not await script(keys=[self.prefix + channel], args=args):
            raise ChannelFull(channel)

    async def take(self, channel: str, limit: int = 1) -> list[bytes]:
        """Take up to `limit` serialized messages, oldest first; an empty list when none came within brpop_timeout."""
        connection = self.connection(next(self._receive_index_generator))
        key = self.prefix + channel
        if self._pops_many:
            try:
                popped = await connection.bzmpop(self.brpop_timeout, 1, [key], min=True, count=limit)
            except ResponseError as error:
                if "unknown command" not in str(error):
                    raise
                self._pops_many = False  # Redis before 7
            else:
                return [member for member, _ in popped[1]] if popped else []
        one = await connection.bzpopmin(key, timeout=self.brpop_timeout)
        return [one[1]] if one else []

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
