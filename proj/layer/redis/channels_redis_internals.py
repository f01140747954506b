"""The private parts of channels_redis that the two layers use, under public names.

Tested with channels_redis 4.3.0. tests/layer/test_internals.py checks that each attribute exists.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from channels_redis.core import RedisChannelLayer, RedisLoopLayer
from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer
from channels_redis.utils import _wrap_close, create_pool, decode_hosts
from redis.asyncio import ConnectionPool

from proj.layer.redis.serializer import FORMAT, Serializer

Host = Mapping[str, Any]  # an entry of CONFIG["hosts"]: arguments of redis-py's connections


def wire_pool(host: Host) -> ConnectionPool:
    """Return a pool that opens connections to a Redis host the way that a wire reads them: RESP2."""
    return create_pool({**host, "protocol": 2})  # type: ignore[no-any-return]


class LoopPubSub(RedisPubSubLoopLayer):
    """The part of the publish/subscribe layer that belongs to one event loop."""

    def __init__(self, hosts: Any = None, **kwargs: Any) -> None:
        super().__init__(hosts=hosts, **kwargs)
        self._shards = [self.make_shard(host) for host in decode_hosts(hosts)]

    def make_shard(self, host: Host) -> Any:
        """Return the object that publishes to one Redis host and subscribes there."""
        raise NotImplementedError

    @property
    def shards(self) -> list[Any]:
        return self._shards

    def shard(self, channel: str) -> Any:
        """Return the shard that carries this channel."""
        return self._get_shard(channel)

    def group_channel(self, group: str) -> str:
        """Return the name of the Redis channel that carries this group."""
        return self._get_group_channel_name(group)  # type: ignore[no-any-return]

    async def receive_bytes(self, channel: str) -> list[bytes]:
        """Wait for a serialized message; return it and all that arrived beside it.

        Cancelling the call ends the channel.
        """
        if channel not in self.channels:
            await self._subscribe_to_channel(channel)
        queue: asyncio.Queue[bytes] = self.channels[channel]
        try:
            received = [await queue.get()]
        except asyncio.CancelledError:
            if self.channels.pop(channel, None) is not None:
                await self.shard(channel).unsubscribe(channel)
            raise
        while not queue.empty():
            received.append(queue.get_nowait())
        return received

    async def _subscribe_to_channel(self, channel: str) -> None:
        """As the stock layer, but leave nothing behind of a channel that could not be opened: nobody would read it."""
        try:
            await super()._subscribe_to_channel(channel)
        except BaseException:
            self.channels.pop(channel, None)
            await self.shard(channel).unsubscribe(channel)
            raise


class PubSubLayer(RedisPubSubChannelLayer):
    """The stock publish/subscribe layer with another class for the part of each event loop."""

    loop_class: type[LoopPubSub]
    serializer: Serializer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"serializer_format": FORMAT, **kwargs})
        self.serializer = self._serializer

    def loop_part(self) -> Any:
        """Return the part of the layer that belongs to the running event loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            self._layers[loop] = self.loop_class(*self._args, **self._kwargs, channel_layer=self)
            _wrap_close(self, loop)
        return self._layers[loop]

    _get_layer = loop_part


class LoopConnections(RedisLoopLayer):
    """The connections of one event loop to the hosts of a queue layer."""


class QueueLayer(RedisChannelLayer):
    """The stock queue layer with another class for the connections of each event loop."""

    loop_class: type[LoopConnections]
    serializer: Serializer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"serializer_format": FORMAT, **kwargs})
        self.serializer = self._serializer

    def loop_part(self) -> Any:
        """Return the connections of the running event loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            _wrap_close(self, loop)
            self._layers[loop] = self.loop_class(self)
        return self._layers[loop]

    def next_sending_host(self) -> int:
        """Return the index of the host for the next send: each in turn."""
        return next(self._send_index_generator)  # type: ignore[no-any-return]

    def next_receiving_host(self) -> int:
        """Return the index of the host for the next receive: each in turn."""
        return next(self._receive_index_generator)  # type: ignore[no-any-return]
