"""The layer for groups: publish/subscribe, with typed messages."""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from proj.layer.messages import GroupMessage, InterfaceMessage
from proj.layer.redis.channels_redis_internals import Host, LoopPubSub, PubSubLayer, wire_pool
from proj.layer.redis.wire import Argument, ReconnectingWire

logger = logging.getLogger(__name__)

SUBSCRIBE_TIMEOUT_SECONDS = 3.0
RECONNECT_SECONDS = (0.2, 1.0)  # a random pause between these before subscribing again


class _Shard:
    """One Redis host: a wire to publish on, and a wire that listens and renews its subscriptions."""

    def __init__(self, host: Host, layer: "_LoopShards") -> None:
        pool = wire_pool(host)
        self.publishing = ReconnectingWire(pool)
        self.listening = ReconnectingWire(pool, self._received)
        self.subscribed: set[str] = set()  # the channels wanted, whether or not Redis is there
        self._layer = layer
        self._confirmations: dict[str, asyncio.Future[None]] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._renewed = False  # the channels were subscribed again, and Redis has not confirmed it yet

    async def publish(self, channel: str, data: bytes) -> None:
        await (await self.publishing.get()).call("PUBLISH", channel, data)

    async def subscribe(self, channel: str) -> None:
        """Subscribe, and wait until Redis has confirmed it.

        Raise redis' TimeoutError when Redis is away; the channel is subscribed when Redis is back.
        """
        if channel not in self.subscribed:
            self.subscribed.add(channel)
            self._confirmations[channel] = asyncio.get_running_loop().create_future()
            if self._renewing is None:
                self._renewing = asyncio.ensure_future(self._renew())
            elif wire := self.listening.open:
                wire.write(("SUBSCRIBE", channel))
        if (confirmed := self._confirmations.get(channel)) is not None:
            try:
                await asyncio.wait_for(asyncio.shield(confirmed), SUBSCRIBE_TIMEOUT_SECONDS)
            except TimeoutError:
                raise RedisTimeoutError(f"not subscribed to {channel} yet: Redis is away") from None

    async def unsubscribe(self, channel: str) -> None:
        if channel in self.subscribed:
            self.subscribed.remove(channel)
            self._confirmations.pop(channel, None)
            if wire := self.listening.open:
                wire.write(("UNSUBSCRIBE", channel))

    async def flush(self) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait((self._renewing,))
            self._renewing = None
        self.subscribed.clear()
        await self.listening.close()
        await self.publishing.close()

    async def _renew(self) -> None:
        """Subscribe to all channels again whenever the listening wire was lost."""
        while True:
            try:
                wire = await self.listening.get()
                if self.subscribed:
                    wire.write(("SUBSCRIBE", *self.subscribed))
                await wire.ended()
                logger.warning("lost the connection that receives frames from Redis")
            except (RedisError, OSError) as error:
                logger.warning("cannot receive frames: Redis is away: %s", error)
            self._renewed = True
            await asyncio.sleep(random.uniform(*RECONNECT_SECONDS))  # noqa: S311 - jitter

    def _received(self, reply: Any) -> None:
        if isinstance(reply, Exception):
            logger.error("cannot subscribe: Redis answered: %s", reply)
            return
        if isinstance(reply, bytes):
            return  # PONG, on a wire without subscriptions
        kind, name = reply[0], reply[1].decode()
        if kind == b"message":
            channels = self._layer.channels
            for channel in (name,) if name in channels else self._layer.groups.get(name, ()):
                if channel in channels:
                    channels[channel].put_nowait(reply[2])
        elif kind == b"subscribe":
            if self._renewed:  # one command has subscribed to all channels: the first answer stands for them all
                self._renewed = False
                for call in self._layer.calls_when_renewed:
                    call()
            if (confirmed := self._confirmations.pop(name, None)) is not None:
                confirmed.set_result(None)


class _LoopShards(LoopPubSub):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.calls_when_renewed: list[Callable[[], None]] = []

    def make_shard(self, host: Host) -> _Shard:
        return _Shard(host, self)


Unreadable = Callable[[bytes, Exception], None]


def _log_unreadable(data: bytes, error: Exception) -> None:
    logger.error("cannot read a message of %d bytes: %r", len(data), error)


class FrameLayer(PubSubLayer):
    """Groups by Redis publish/subscribe, at most once: a frame that is lost is in the database.

    Ordinary Channels consumers use it as any layer, with dicts.
    """

    loop_class = _LoopShards

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read = self.serializer.reader(msgspec.msgpack.Decoder(InterfaceMessage))

    def deserialize(self, message: bytes) -> dict[str, Any]:
        """Return the dict in `message`, for ordinary consumers. Raise ValueError for anything else."""
        read = super().deserialize(message)
        if not isinstance(read, dict):
            raise ValueError(f"not a message: {type(read).__name__}")
        return read

    def call_when_renewed(self, call: Callable[[], None]) -> None:
        """Call `call` each time that a Redis host delivers messages again after its connection was lost."""
        self.loop_part().calls_when_renewed.append(call)

    async def receive_all(self, channel: str, unreadable: Unreadable = _log_unreadable) -> list[InterfaceMessage]:
        """Wait for a message; return it and all that arrived beside it, oldest first.

        `unreadable` is called with each message that cannot be read, and the error. The list may be empty then.
        """
        messages: list[InterfaceMessage] = []
        for data in await self.loop_part().receive_bytes(channel):
            try:
                messages.append(self._read(data))
            except Exception as error:  # of any kind: the bytes came from outside
                unreadable(data, error)
        return messages

    async def receivers(self, message: GroupMessage) -> int:
        """Send `message` to its first group and return how many processes received it. Raise redis' errors."""
        layer = self.loop_part()
        name = layer.group_channel(message.groups[0])
        wire = await layer.shard(name).publishing.get()
        return int(await wire.call("PUBLISH", name, self.serialize(message)))

    async def group_send_many(self, messages: Iterable[GroupMessage]) -> None:
        """Send each message to its groups, in one round trip per Redis host.

        Raise the error of a message that cannot be sent (MessageTooLarge, TypeError) after the others have been sent.
        """
        refused: Exception | None = None
        layer = self.loop_part()
        commands: dict[_Shard, list[tuple[Argument, ...]]] = defaultdict(list)
        for message in messages:
            try:
                data = self.serialize(message)
            except Exception as error:  # of any kind: its neighbours are not to blame
                refused = error
                continue
            for group in message.groups:
                name = layer.group_channel(group)
                commands[layer.shard(name)].append(("PUBLISH", name, data))
        for shard, some in commands.items():
            await (await shard.publishing.get()).calls(some)
        if refused is not None:
            raise refused
