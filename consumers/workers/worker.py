"""The life of a worker process: start, send heartbeats, take messages, handle their items, stop.

A worker takes the next message only when it can handle it. It survives unreadable messages, handlers that raise, and
outages of Redis and the database. On SIGTERM it finishes the items in hand and exits 0.
"""

import asyncio
import logging
import os
import random
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import uvloop
from channels.routing import ChannelNameRouter, ProtocolTypeRouter
from django.db import InterfaceError, OperationalError, connection, connections, transaction
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from consumers.workers.base import WorkerConsumer
from consumers.workers.ending import end_tasks
from consumers.workers.ordinary import Ordinary
from proj.layer import heartbeat
from proj.layer.heartbeat import Beat
from proj.layer.messages import decoder
from proj.metrics.definitions import (
    UNREADABLE,
    WORKER_BATCHES,
    WORKER_FAILURES,
    WORKER_ITEMS,
    WORKER_SET_ASIDE,
)
from proj.outages import is_outage

logger = logging.getLogger(__name__)

# Errors that an outage mostly causes, beside those of is_outage(): a later try may succeed. No item is set aside for
# them while the outage lasts.
OUTAGE_ERRORS = (OperationalError, InterfaceError, RedisError)

MAX_ITEM_TRIES = 3  # of a single item, before it is set aside
STOP_GRACE_SECONDS = 15.0  # for the items in hand of a stopping worker; below supervisord's stopwaitsecs
UNBLOCK_SECONDS = 0.1  # between two times that a stopping worker ends its own blocking takes
FIRST_OUTAGE_PAUSE_SECONDS = 0.1
MAX_OUTAGE_PAUSE_SECONDS = 5.0  # between two tries during an outage


class UnknownChannel(ValueError):
    """The routing has no consumer for a channel."""


def consumer_for(application: ProtocolTypeRouter, channel: str) -> WorkerConsumer:
    """Return the consumer that `application` routes the named channel to. Raise UnknownChannel."""
    router = application.application_mapping.get("channel")
    routed = router.application_mapping if isinstance(router, ChannelNameRouter) else {}
    if channel not in routed:
        known = ", ".join(sorted(routed)) or "none"
        raise UnknownChannel(f"no consumer is routed for the channel {channel!r}; the routing has: {known}")
    routed_to = routed[channel]
    consumer_class = getattr(routed_to, "consumer_class", None)
    if isinstance(consumer_class, type) and issubclass(consumer_class, WorkerConsumer):
        return consumer_class(**routed_to.consumer_initkwargs)
    return Ordinary(application, channel)


class Worker:
    """Consumes named channels until SIGTERM. `once`: one batch; `burst`: until the channels are empty."""

    def __init__(
        self,
        application: ProtocolTypeRouter,
        channels: Sequence[str],
        channel_layer: Any,
        *,
        once: bool = False,
        burst: bool = False,
        grace: float = STOP_GRACE_SECONDS,
    ) -> None:
        self.layer = channel_layer
        self.once, self.burst, self.grace = once, burst, grace
        self.consumers = {channel: consumer_for(application, channel) for channel in channels}
        self.readers = {channel: self._reader(consumer) for channel, consumer in self.consumers.items()}
        now = time.time()
        host = socket.gethostname()
        self.beats = {channel: Beat(channel, host, os.getpid(), at=now, started=now) for channel in channels}
        self.stopping = asyncio.Event()

    def _reader(self, consumer: WorkerConsumer) -> Callable[[bytes], Any]:
        """Return the function that reads the serialized messages of a channel for its consumer."""
        return self.layer.reader(decoder(consumer.reads)) if consumer.reads else self.layer.deserialize  # type: ignore[no-any-return]

    def run(self) -> None:
        """Consume until stopped. Return when the items in hand are done, or the grace time is over."""
        # Consumers query the database in the event loop itself: the loop has nothing else to do meanwhile, and
        # crossing to a thread would cost a fifth of the whole batch.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        uvloop.run(self._live())

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop, name)
        heartbeats = asyncio.ensure_future(self._send_heartbeats())
        listeners = [asyncio.ensure_future(self._listen(channel)) for channel in self.consumers]
        lives = [asyncio.ensure_future(consumer.live(self.stopping)) for consumer in self.consumers.values()]
        stopped = asyncio.ensure_future(self._grace_over())
        unblocking = asyncio.ensure_future(self._unblock(dict(zip(self.consumers, listeners, strict=True))))
        logger.info("consuming %s", ", ".join(self.consumers))
        try:
            ended = asyncio.ensure_future(self._listeners_ended(listeners))
            done = asyncio.ensure_future(asyncio.wait([ended, *lives], return_when=asyncio.FIRST_EXCEPTION))
            await asyncio.wait({stopped, done}, return_when=asyncio.FIRST_COMPLETED)
            for task in [*listeners, *lives]:
                if task.done():
                    task.result()
                else:
                    task.cancel()
                    logger.error("Timed out after %g s: the items in hand are not acknowledged.", self.grace)
        finally:
            await end_tasks([stopped, unblocking, heartbeats])  # no heartbeat may follow their deletion
            await self._delete_heartbeats()
            connections.close_all()

    async def _listeners_ended(self, listeners: Sequence[asyncio.Future[None]]) -> None:
        """Wait until no channel is consumed any more, then end the other work of the consumers."""
        await asyncio.gather(*listeners)
        self.stopping.set()

    def _stop(self, name: int) -> None:
        logger.info("%s: finishing the items in hand", signal.Signals(name).name)
        self.stopping.set()

    async def _grace_over(self) -> None:
        await self.stopping.wait()
        await asyncio.sleep(self.grace)

    async def _unblock(self, listeners: Mapping[str, asyncio.Future[None]]) -> None:
        """End the blocking takes of a stopping worker. Repeated: a listener may be about to block once more."""
        await self.stopping.wait()
        while waiting := [channel for channel, listener in listeners.items() if not listener.done()]:
            try:
                for channel in waiting:
                    await self.layer.stop_waiting(channel)
            except (RedisError, OSError) as error:  # access rules may forbid it: then the take ends by itself
                logger.info("cannot end the blocking takes: %s", error)
                return
            await asyncio.sleep(UNBLOCK_SECONDS)

    # heartbeats

    async def _send_heartbeats(self) -> None:
        while True:
            for beat in self.beats.values():
                beat.at = time.time()
                try:
                    await heartbeat.beat(beat)
                except (RedisError, OSError) as error:
                    logger.warning("cannot send the heartbeat of channel %s: Redis is away: %s", beat.channel, error)
            await asyncio.sleep(heartbeat.HEARTBEAT_SECONDS)

    async def _delete_heartbeats(self) -> None:
        for beat in self.beats.values():
            try:
                await asyncio.wait_for(heartbeat.stop(beat), 1)
            except (RedisError, OSError, TimeoutError):
                return

    # taking

    async def _listen(self, channel: str) -> None:
        consumer, beat = self.consumers[channel], self.beats[channel]
        retry = _Backoff()
        usual = 0.0  # items in a batch: a moving average
        while not self.stopping.is_set():
            try:
                taken = await self.layer.take(channel, consumer.max_messages)
                retry.reset()
            except (RedisError, OSError) as error:
                self._count_failure(beat, error)
                if isinstance(error, RedisConnectionError):
                    logger.warning("Redis is away: %s", error)
                await retry.pause(self.stopping)
                continue
            if taken:
                items = self._items(consumer, beat, taken)
                await self._handle(consumer, beat, items)
                usual += (len(items) - usual) / 8
                if consumer.pause and len(taken) > 1 and usual < consumer.large_batch and not self.stopping.is_set():
                    await asyncio.sleep(consumer.pause)
            if self.once or (self.burst and not taken):
                return

    def _items(self, consumer: WorkerConsumer, beat: Beat, taken: list[bytes]) -> list[Any]:
        """Return the items in the taken messages. An unreadable message is counted, logged and left out."""
        items: list[Any] = []
        read = self.readers[beat.channel]
        for data in taken:
            try:
                items.extend(consumer.unpacked(read(data)))
            except Exception as error:  # of any kind: the bytes came from outside
                beat.bad += 1
                UNREADABLE.labels(beat.channel).inc()
                beat.last_error = f"unreadable message: {error!r}"
                logger.error("channel %s: unreadable message of %d bytes: %r", beat.channel, len(data), error)
        return items

    # handling

    async def _handle(self, consumer: WorkerConsumer, beat: Beat, items: list[Any]) -> None:
        if not items:
            return
        try:
            await self._outlast(consumer, beat, items)
        except Exception as error:
            self._count_failure(beat, error)
            if len(items) > 1:
                for item in items:
                    await self._handle_alone(consumer, beat, item)
                return
            await self._handle_alone(consumer, beat, items[0], tries=MAX_ITEM_TRIES - 1)

    async def _handle_alone(self, consumer: WorkerConsumer, beat: Beat, item: Any, tries: int = MAX_ITEM_TRIES) -> None:
        for tries_left in reversed(range(tries)):
            try:
                await self._outlast(consumer, beat, [item])
                return
            except Exception as error:
                self._count_failure(beat, error)
                if not tries_left:
                    await self._set_aside(consumer, beat, item, error)

    async def _outlast(self, consumer: WorkerConsumer, beat: Beat, items: list[Any]) -> None:
        """Call handle() again and again during an outage. Raise the errors that are not an outage's."""
        retry = _Backoff()
        own_errors = 0
        while True:
            try:
                await consumer.handle(items)
                beat.handled += len(items)
                WORKER_BATCHES.labels(beat.channel).inc()
                WORKER_ITEMS.labels(beat.channel).inc(len(items))
                return
            except Exception as error:
                outage = is_outage(error)
                if not outage and not isinstance(error, OUTAGE_ERRORS):
                    raise
                self._count_failure(beat, error)
                logger.warning("channel %s: trying again after an error: %r", beat.channel, error)
                connections.close_all()
                # An item may cause an error of the same kind by itself: a statement too large, or too slow. On a full
                # disk, for which no item is to blame, the database answers all the same.
                own_errors += not outage and isinstance(error, OperationalError) and _database_answers()
                if own_errors >= MAX_ITEM_TRIES:
                    raise
                await retry.pause()

    async def _set_aside(self, consumer: WorkerConsumer, beat: Beat, item: Any, error: Exception) -> None:
        beat.set_aside += 1
        WORKER_SET_ASIDE.labels(beat.channel).inc()
        kind = item.get("type", "?") if isinstance(item, dict) else type(item).__name__
        logger.error("channel %s: set aside a %s after %d tries", beat.channel, kind, MAX_ITEM_TRIES, exc_info=error)
        try:
            await heartbeat.set_aside(beat.channel, kind, repr(error))
            await consumer.set_aside(item)
        except Exception:  # the log has the item; the worker continues
            logger.exception("channel %s: could not report the %s that was set aside", beat.channel, kind)

    def _count_failure(self, beat: Beat, error: BaseException) -> None:
        beat.failed += 1
        WORKER_FAILURES.labels(beat.channel).inc()
        beat.last_error = repr(error)[:500]


def _database_answers() -> bool:
    """Return whether a transaction can begin (on SQLite: for writing) and end."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (OperationalError, InterfaceError):
        return False
    return True


class _Backoff:
    """Pauses between tries: they double, with jitter, up to MAX_OUTAGE_PAUSE_SECONDS."""

    def __init__(self) -> None:
        self.seconds = FIRST_OUTAGE_PAUSE_SECONDS

    def reset(self) -> None:
        """Begin with the shortest pause again."""
        self.seconds = FIRST_OUTAGE_PAUSE_SECONDS

    async def pause(self, until: asyncio.Event | None = None) -> None:
        """Wait for the next pause; `until` ends it early."""
        seconds = random.uniform(self.seconds / 2, self.seconds)  # noqa: S311 - jitter
        self.seconds = min(self.seconds * 2, MAX_OUTAGE_PAUSE_SECONDS)
        if until is None:
            await asyncio.sleep(seconds)
            return
        try:
            await asyncio.wait_for(until.wait(), seconds)
        except TimeoutError:
            return
