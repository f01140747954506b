"""The life of a worker of Channels 1.x code: take turns, run them on threads, answer, and stop when asked to.

`runworker` without channel names is this worker. A consumer that raises or hangs harms no other one.
"""

import asyncio
import logging
import os
import random
import signal
import socket
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
import uvloop
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from channels_legacy.asgi import ChannelLayerWrapper
from channels_legacy.delay import handing
from consumers.workers.ending import end_tasks
from consumers.workers.legacy.answering import Answering
from consumers.workers.legacy.threads import TurnThreads
from consumers.workers.legacy.turn import RunningTurn
from proj.layer import heartbeat
from proj.layer.heartbeat import CHANNELS1_HEARTBEAT, Beat
from proj.layer.messages import Turn, TurnClaims
from proj.layer.publish import apublish
from proj.layer.redis.turn_queue import TurnQueue
from proj.metrics.definitions import CONSUMERS, UNREADABLE

logger = logging.getLogger(__name__)

CLAIM_SECONDS = 1.0  # between two messages that name the turns in hand
PART_SECONDS = 0.1  # after which acts of a turn that goes on are sent: `immediately=True`, and groups
SLOW_SECONDS = 10.0  # after which a turn has another thread in its place
SLOW_THREADS = 4  # times the threads of the worker: slow turns that may have another thread in their place
TURN_GRACE_SECONDS = 15.0  # for the turns in hand of a stopping worker; below supervisord's stopwaitsecs
TAKE_RETRY_SECONDS = (0.2, 1.0)
UNBLOCK_TAKE_SECONDS = 0.1
POSTPONED_SECONDS = 0.2  # until a message without a socket that was put off is tried again


class LegacyWorker:
    """Takes turns of `channels` and runs `threads` of them at a time."""

    def __init__(self, wrapper: ChannelLayerWrapper, channels: Sequence[str], threads: int) -> None:
        self._wrapper = wrapper
        self._channels = channels
        self._threads = threads
        self._turn_threads = TurnThreads(self._run)
        self._running: set[RunningTurn] = set()
        now = time.time()
        host = socket.gethostname()
        self._beat = Beat(CHANNELS1_HEARTBEAT, host, os.getpid(), at=now, started=now, consumes=list(channels))

    def run(self) -> None:
        """Work until SIGTERM or SIGINT. Return when the turns in hand are done, or the grace time is over."""
        try:
            uvloop.run(self._live())
        finally:
            self._turn_threads.end()
        if self._running:
            os._exit(0)  # threads that hang would keep the process

    async def _live(self) -> None:
        self._layer: Any = get_channel_layer("work")
        self._queue = TurnQueue(self._layer)
        self._read = self._layer.reader(msgspec.msgpack.Decoder(Turn))
        self._answering = Answering()
        self._stopping, self._free = asyncio.Event(), asyncio.Event()
        loop = self._loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop, name)
        jobs = [loop.create_task(job()) for job in (self._send_heartbeats, self._watch, self._renew, self._unblock)]
        logger.info("running Channels 1.x consumers of %s on %d threads", ", ".join(self._channels), self._threads)
        try:
            await self._take()
            await self._finish()
        finally:
            await end_tasks(jobs)
            try:
                await asyncio.wait_for(heartbeat.stop(self._beat), 1)
            except (RedisError, OSError, TimeoutError):
                logger.info("could not delete the heartbeat: Redis is away")
            await end_tasks(asyncio.all_tasks() - {asyncio.current_task()})

    def _stop(self, name: int) -> None:
        logger.info("%s: finishing the turns in hand", signal.Signals(name).name)
        self._stopping.set()
        self._free.set()

    # turns

    @property
    def _free_threads(self) -> int:
        slow = min(sum(running.slow for running in self._running), self._threads * SLOW_THREADS)
        return self._threads - (len(self._running) - slow)

    async def _take(self) -> None:
        while not self._stopping.is_set():
            if (free := self._free_threads) <= 0:
                self._free.clear()
                await self._free.wait()
                continue
            try:
                taken = await self._queue.take(self._channels, free)
            except (RedisError, OSError) as error:
                logger.warning("cannot take turns: Redis is away: %r", error)
                await asyncio.sleep(random.uniform(*TAKE_RETRY_SECONDS))  # noqa: S311 - jitter
                continue
            for data in taken:
                self._start(data)

    def _start(self, data: bytes) -> None:
        try:
            running = RunningTurn(self._read(data))
        except Exception as error:  # of any kind: the bytes came from outside
            self._beat.bad += 1
            UNREADABLE.labels(CHANNELS1_HEARTBEAT).inc()
            logger.error("unreadable turn of %d bytes: %r", len(data), error)
            return
        self._running.add(running)
        self._turn_threads.put(running, len(self._running))

    def _run(self, running: RunningTurn) -> None:
        """Called in a thread."""
        try:
            running.run(self._wrapper)
        finally:
            self._loop.call_soon_threadsafe(self._done, running)

    def _done(self, running: RunningTurn) -> None:
        self._running.discard(running)
        self._beat.handled += 1
        self._answer(running, done=True)
        if (rest := running.postponed()) is not None:
            self._loop.call_later(POSTPONED_SECONDS, self._answering.put, [], [rest])
        self._free.set()

    def _answer(self, running: RunningTurn, *, done: bool) -> None:
        self._answering.put(running.answers(done=done), running.take_queued())

    async def _finish(self) -> None:
        """Wait for the turns in hand, and until their answers were received."""
        try:
            async with asyncio.timeout(TURN_GRACE_SECONDS):
                while self._running:
                    self._free.clear()
                    await self._free.wait()
                await self._answering.empty()
        except TimeoutError:
            names = ", ".join(sorted({running.turn.channel for running in self._running}))
            logger.error("Timed out after %g s: %d turns are lost: %s", TURN_GRACE_SECONDS, len(self._running), names)

    async def _unblock(self) -> None:
        """End the blocking take of a stopping worker. Repeated: it may be about to block once more."""
        await self._stopping.wait()
        while True:
            try:
                await self._queue.stop_waiting()
            except (RedisError, OSError):
                return  # the take ends by itself
            await asyncio.sleep(UNBLOCK_TAKE_SECONDS)

    # signs of life

    async def _watch(self) -> None:
        """Send parts of answers, name the turns in hand, and give slow turns another thread."""
        claimed_at = time.monotonic()
        while True:
            await asyncio.sleep(PART_SECONDS)
            now = time.monotonic()
            for running in list(self._running):
                if running.has_part and now - running.started_at > PART_SECONDS:
                    self._answer(running, done=False)
                if not running.slow and now - running.started_at > SLOW_SECONDS:
                    self._report_slow(running)
            if now - claimed_at >= CLAIM_SECONDS:
                claimed_at = now
                await self._claim(now)

    def _report_slow(self, running: RunningTurn) -> None:
        running.slow = True
        CONSUMERS.labels("slow").inc()
        self._free.set()
        logger.warning(
            "channel %s: %s has been running for %g s; another thread takes its place",
            *(running.turn.channel, running.consumer_name(self._wrapper), SLOW_SECONDS),
        )
        if self._free_threads <= 0 and all(one.slow for one in self._running):
            self._report_stuck()

    def _report_stuck(self) -> None:
        """Say that this worker takes no turns: others do, or sockets wait."""
        CONSUMERS.labels("stuck").inc()
        names = sorted({one.consumer_name(self._wrapper) for one in self._running})
        logger.error("all %d threads are held by slow consumers: %s", len(self._running), ", ".join(names))

    async def _claim(self, now: float) -> None:
        held: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for running in self._running:
            if running.turn.process and now - running.started_at > CLAIM_SECONDS / 2:
                held[running.turn.process].append((running.turn.socket, running.turn.turn))
        for answer in self._answering.unsent():
            if answer.process:
                held[answer.process].append((answer.socket, answer.turn))
        if held:
            await apublish([TurnClaims(process, turns) for process, turns in held.items()])

    async def _renew(self) -> None:
        """Keep the delayed messages in hand. A job of its own: the database may be slow, and claims must not wait."""
        while True:
            await asyncio.sleep(handing.RENEW_SECONDS)
            if numbers := [running.delayed for running in list(self._running) if running.delayed]:
                await asyncio.to_thread(handing.renew, numbers)

    async def _send_heartbeats(self) -> None:
        while True:
            self._beat.at = time.time()
            try:
                await heartbeat.beat(self._beat)
            except (RedisError, OSError) as error:
                logger.warning("cannot send the heartbeat of the channels worker: Redis is away: %s", error)
            await asyncio.sleep(heartbeat.HEARTBEAT_SECONDS)
