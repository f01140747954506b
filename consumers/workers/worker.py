"""The life of a worker process: start, beat, take, handle, stop.

It takes the next message only when it can run it; it survives messages that nobody can read, handlers that raise, and
Redis or the database being away; told to stop, it finishes what it holds and exits 0.
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

logger = logging.getLogger(__name__)

# What trying again later can mend. Nothing is given up for these while what raised them is away.
AWAY = (OperationalError, InterfaceError, RedisError)

TRIES = 3  # of a single item, before it is set aside
GRACE = 15.0  # seconds that a stopping worker has for what it holds; below supervisord's stopwaitsecs
HURRY = 0.1  # seconds between two times that a stopping worker ends its own waiting for messages
LONGEST_WAIT = 5.0  # seconds between two tries while something is away


class UnknownChannel(ValueError):
    """No consumer is routed for this channel."""


def consumer_for(application: ProtocolTypeRouter, channel: str) -> WorkerConsumer:
    """The consumer that `application` routes the named channel to. Raises UnknownChannel."""
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
    """Consumes named channels until it is told to stop. `once`: one batch; `burst`: until the channels are empty."""

    def __init__(
        self,
        application: ProtocolTypeRouter,
        channels: Sequence[str],
        channel_layer: Any,
        *,
        once: bool = False,
        burst: bool = False,
        grace: float = GRACE,
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
        """Work until stopped. Returns when everything that was held is done, or the grace time is over."""
        # Consumers speak to the database in the loop itself: there is nothing else that it could do meanwhile,
        # and crossing to a thread would cost a fifth of the whole batch.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        uvloop.run(self._live())

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop, name)
        beating = asyncio.ensure_future(self._beat())
        listeners = [asyncio.ensure_future(self._listen(channel)) for channel in self.consumers]
        lives = [asyncio.ensure_future(consumer.live(self.stopping)) for consumer in self.consumers.values()]
        stopped = asyncio.ensure_future(self._overtime())
        hurrying = asyncio.ensure_future(self._hurry(dict(zip(self.consumers, listeners, strict=True))))
        logger.info("consuming %s", ", ".join(self.consumers))
        try:
            listened = asyncio.ensure_future(self._until_all_listened(listeners))
            done = asyncio.ensure_future(asyncio.wait([listened, *lives], return_when=asyncio.FIRST_EXCEPTION))
            await asyncio.wait({stopped, done}, return_when=asyncio.FIRST_COMPLETED)
            for task in [*listeners, *lives]:
                if task.done():
                    task.result()
                else:
                    task.cancel()
                    logger.error("stopped with work in hand after %g s: it is not acknowledged", self.grace)
        finally:
            stopped.cancel()
            hurrying.cancel()
            beating.cancel()
            await self._say_goodbye()
            connections.close_all()

    async def _until_all_listened(self, listeners: Sequence[asyncio.Future[None]]) -> None:
        """Wait for the listeners; when nobody listens any more the consumers' lives end too."""
        await asyncio.gather(*listeners)
        self.stopping.set()

    def _stop(self, name: int) -> None:
        logger.info("%s: finishing what is in hand", signal.Signals(name).name)
        self.stopping.set()

    async def _overtime(self) -> None:
        await self.stopping.wait()
        await asyncio.sleep(self.grace)

    async def _hurry(self, listeners: Mapping[str, asyncio.Future[None]]) -> None:
        """When told to stop, wait no longer for messages. Repeated: a listener may be about to wait once more."""
        await self.stopping.wait()
        while waiting := [channel for channel, listener in listeners.items() if not listener.done()]:
            try:
                for channel in waiting:
                    await self.layer.stop_waiting(channel)
            except (RedisError, OSError) as error:  # it may not be allowed to: then the wait ends by itself
                logger.info("cannot hurry: %s", error)
                return
            await asyncio.sleep(HURRY)

    # heartbeats

    async def _beat(self) -> None:
        while True:
            for beat in self.beats.values():
                beat.at = time.time()
                try:
                    await heartbeat.beat(beat)
                except (RedisError, OSError):
                    logger.warning("no heartbeat for %s: Redis is away", beat.channel)
            await asyncio.sleep(heartbeat.PERIOD)

    async def _say_goodbye(self) -> None:
        for beat in self.beats.values():
            try:
                await asyncio.wait_for(heartbeat.stop(beat), 1)
            except (RedisError, OSError, TimeoutError):
                return

    # taking

    async def _listen(self, channel: str) -> None:
        consumer, beat = self.consumers[channel], self.beats[channel]
        wait = _Wait()
        usual = 0.0  # items in a batch, of late
        while not self.stopping.is_set():
            try:
                taken = await self.layer.take(channel, consumer.max_messages)
                wait.over()
            except (RedisError, OSError) as error:
                self._note(beat, error)
                if isinstance(error, RedisConnectionError):
                    logger.warning("Redis is away: %s", error)
                await wait.a_moment(self.stopping)
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
        """The items in what was taken. A message that cannot be read is counted and left behind."""
        items: list[Any] = []
        read = self.readers[beat.channel]
        for data in taken:
            try:
                items.extend(consumer.unpacked(read(data)))
            except Exception as error:  # it came from outside, so anything may be wrong with it
                beat.bad += 1
                UNREADABLE.labels(beat.channel).inc()
                beat.last_error = f"unreadable message: {error!r}"
                logger.error("%s: unreadable message of %d bytes: %r", beat.channel, len(data), error)
        return items

    # handling

    async def _handle(self, consumer: WorkerConsumer, beat: Beat, items: list[Any]) -> None:
        if not items:
            return
        try:
            await self._insist(consumer, beat, items)
        except Exception as error:
            self._note(beat, error)
            if len(items) > 1:
                for item in items:
                    await self._handle_alone(consumer, beat, item)
                return
            await self._handle_alone(consumer, beat, items[0], tries=TRIES - 1)

    async def _handle_alone(self, consumer: WorkerConsumer, beat: Beat, item: Any, tries: int = TRIES) -> None:
        for tries_left in reversed(range(tries)):
            try:
                await self._insist(consumer, beat, [item])
                return
            except Exception as error:
                self._note(beat, error)
                if not tries_left:
                    await self._set_aside(consumer, beat, item, error)

    async def _insist(self, consumer: WorkerConsumer, beat: Beat, items: list[Any]) -> None:
        """handle(), again and again while Redis or the database is away. Raises what trying again cannot mend."""
        wait = _Wait()
        in_vain = 0
        while True:
            try:
                await consumer.handle(items)
                beat.handled += len(items)
                WORKER_BATCHES.labels(beat.channel).inc()
                WORKER_ITEMS.labels(beat.channel).inc(len(items))
                return
            except AWAY as error:
                self._note(beat, error)
                logger.warning("%s: %r; trying again", beat.channel, error)
                connections.close_all()
                # An error of the same kind may be the item's own: a statement too large, one that takes too long.
                in_vain += isinstance(error, OperationalError) and _database_answers()
                if in_vain >= TRIES:
                    raise
                await wait.a_moment()

    async def _set_aside(self, consumer: WorkerConsumer, beat: Beat, item: Any, error: Exception) -> None:
        beat.set_aside += 1
        WORKER_SET_ASIDE.labels(beat.channel).inc()
        kind = item.get("type", "?") if isinstance(item, dict) else type(item).__name__
        logger.error("%s: set aside a %s after %d tries", beat.channel, kind, TRIES, exc_info=error)
        try:
            await heartbeat.set_aside(beat.channel, kind, repr(error), time.time())
            await consumer.set_aside(item)
        except Exception:  # it is in the log; the worker goes on
            logger.exception("%s: could not tell of what was set aside", beat.channel)

    def _note(self, beat: Beat, error: BaseException) -> None:
        beat.failed += 1
        WORKER_FAILURES.labels(beat.channel).inc()
        beat.last_error = repr(error)[:500]


def _database_answers() -> bool:
    """Whether a transaction can begin (on SQLite: to write), and end."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (OperationalError, InterfaceError):
        return False
    return True


class _Wait:
    """Pauses between tries: they double, with jitter, up to LONGEST_WAIT."""

    def __init__(self) -> None:
        self.seconds = 0.1

    def over(self) -> None:
        self.seconds = 0.1

    async def a_moment(self, until: asyncio.Event | None = None) -> None:
        """Wait; `until` ends the wait early."""
        seconds = random.uniform(self.seconds / 2, self.seconds)  # noqa: S311 - jitter
        self.seconds = min(self.seconds * 2, LONGEST_WAIT)
        if until is None:
            await asyncio.sleep(seconds)
            return
        try:
            await asyncio.wait_for(until.wait(), seconds)
        except TimeoutError:
            return
