"""Hands turns to the workers: those of many sockets leave together, and while Redis is away they wait."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence

from redis.exceptions import RedisError

from consumers.interface.turns.registering import Registering
from consumers.interface.turns.socket import CONNECT, TurnSocket
from proj.layer.publish import REDIS_TIMEOUT_SECONDS
from proj.layer.redis.socket_registry import Command
from proj.layer.redis.turn_queue import Entry, TurnQueue

logger = logging.getLogger(__name__)

BATCH_TURNS = 256  # in one round trip
REDIS_RETRY_SECONDS = 0.5

REDIS_ERRORS = (RedisError, OSError, TimeoutError)


class Handing:
    """One send is in flight; the turns that come up meanwhile are the next batch."""

    def __init__(self, queue: TurnQueue, registering: Registering) -> None:
        self._queue = queue
        self._registering = registering
        self._ready: deque[TurnSocket] = deque()
        self._sending: asyncio.Task[None] | None = None

    def put(self, socket: TurnSocket) -> None:
        """Hand over the turn that the socket has in hand."""
        self._ready.append(socket)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.ensure_future(self._send())

    async def empty(self) -> None:
        """Wait until every turn was handed over."""
        if self._sending is not None:
            await self._sending

    async def _send(self) -> None:
        await asyncio.sleep(0)  # the other frames of this turn of the event loop come along
        while self._ready:
            batch = [self._ready.popleft() for _ in range(min(BATCH_TURNS, len(self._ready)))]
            entries = [entry_of(socket) for socket in batch if socket.in_hand is not None]
            new = [one for one in batch if one.in_hand is not None and one.in_hand.channel == CONNECT]
            await self._outlast(entries, self._registering.opening(new))
            now = time.monotonic()
            for socket in batch:
                if socket.in_hand is not None:
                    socket.in_hand.evidence_at = now

    async def _outlast(self, entries: Sequence[Entry], before: Sequence[Command]) -> None:
        """Try until Redis took the turns. A turn that Redis has already is only written over."""
        away = False
        while True:
            try:
                async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                    await self._queue.put(entries, before)
            except REDIS_ERRORS as error:
                if not away:
                    logger.warning("turns wait: Redis is away: %r", error)
                away = True
                await asyncio.sleep(REDIS_RETRY_SECONDS)
            else:
                return


def entry_of(socket: TurnSocket) -> Entry:
    """Return the queue's entry of the turn that the socket has in hand."""
    assert socket.in_hand is not None  # noqa: S101 - for the type checker
    return socket.in_hand.channel, socket.in_hand.data
