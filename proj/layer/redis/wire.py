"""One connection to Redis, spoken to without redis-py's machinery for each command.

redis-py opens it (address, sign-in, TLS, Sentinel) and then hands its socket over: from there on a command is a few
bytes written, and its reply is parsed where it arrives. That leaves out the locks, tasks and timers with which
redis-py spends 0.2 ms of CPU on a round trip, more than a worker spends on the transaction of the message itself.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import hiredis
from redis.asyncio import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

from proj.layer.redis.redis_py_internals import Streams, opened_streams

logger = logging.getLogger(__name__)

Argument = str | int | float | bytes
Pushed = Callable[[Any], None]
SILENCE = 10.0  # seconds, and at least half of them for each command; above the time that a worker's may block


class Wire(asyncio.Protocol):
    """Commands go out in the order of call(), and Redis answers them in that order.

    With `pushed`, it is a listener: replies are messages of publish/subscribe, and are given to it one by one.
    """

    def __init__(self, streams: Streams, pushed: Pushed | None) -> None:
        self.lost = False
        self.client_id: int | None = None  # the id that Redis gave to the connection, once it was asked for
        self._pushed = pushed
        self._reader = hiredis.Reader(protocolError=RedisConnectionError, replyError=ResponseError)
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._streams = streams  # kept: the transport lives as long as they do
        self._transport = streams[1].transport
        self._transport.set_protocol(self)
        self._heard, self._asked = True, False
        self._look()

    @classmethod
    async def opened(cls, pool: ConnectionPool, pushed: Pushed | None = None) -> "Wire":
        """Return a new connection, opened by `pool`. Raise redis' ConnectionError or TimeoutError."""
        return cls(await opened_streams(pool), pushed)

    def write(self, *commands: tuple[Argument, ...]) -> None:
        """Send commands whose replies nobody waits for here. Raises redis' ConnectionError."""
        if self.lost:
            raise RedisConnectionError("the connection to Redis is lost")
        # hiredis' stub speaks of tuples of one
        self._transport.write(b"".join([hiredis.pack_command(command) for command in commands]))  # type: ignore[arg-type]

    async def call(self, *command: Argument) -> Any:
        """The reply to a command. Raises redis' ResponseError or ConnectionError."""
        return (await self.calls([command]))[0]

    async def calls(self, commands: Sequence[tuple[Argument, ...]]) -> list[Any]:
        """The replies to commands that go out together. Raises redis' ResponseError or ConnectionError."""
        self.write(*commands)
        loop = asyncio.get_running_loop()
        replies: list[asyncio.Future[Any]] = [loop.create_future() for _ in commands]
        self._waiting.extend(replies)
        with contextlib.suppress(RedisError):  # it is among those below
            await replies[-1]  # the last to come
        failed = [error for reply in replies if (error := reply.exception())]
        if failed:
            raise failed[0]
        return [reply.result() for reply in replies]

    def drop(self) -> None:
        """Close it at once; whoever waits gets a ConnectionError."""
        if not self.lost:
            self._transport.abort()
            self.connection_lost(None)

    async def ended(self) -> None:
        """Wait until it is lost."""
        await asyncio.shield(self._closed)

    def _look(self) -> None:
        """Now and then: who has said nothing is asked, and who has not answered since the last look is gone."""
        if self.lost:
            return
        if self._asked and not self._heard:
            logger.warning("Redis has not answered for %g s", SILENCE / 2)
            self.drop()
            return
        self._asked = bool(self._waiting)
        if self._pushed is not None and not self._heard:
            self._asked = True
            self.write(("PING",))
        self._heard = False
        self._timer = asyncio.get_running_loop().call_later(SILENCE / 2, self._look)

    # asyncio calls these

    def data_received(self, data: bytes) -> None:
        self._heard = True
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                self._arrived(reply)
        except RedisConnectionError:
            logger.exception("Redis says what is no reply")
            self.drop()

    def _arrived(self, reply: Any) -> None:
        if self._pushed is not None:
            self._pushed(reply)
        elif self._waiting:
            waiting = self._waiting.popleft()
            if waiting.done():
                return
            if isinstance(reply, Exception):
                waiting.set_exception(reply)
            else:
                waiting.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.lost:
            return
        self.lost = True
        self._timer.cancel()
        waiting, self._waiting = self._waiting, deque()
        for reply in waiting:
            if not reply.done():
                reply.set_exception(RedisConnectionError("the connection to Redis is lost"))
        if not self._closed.done():
            self._closed.set_result(None)


class KeptWire:
    """A wire that is opened when it is needed, and again after it was lost."""

    def __init__(self, pool: ConnectionPool, pushed: Pushed | None = None) -> None:
        self._pool = pool
        self._pushed = pushed
        self._wire: Wire | None = None
        self._opening = asyncio.Lock()

    @property
    def open(self) -> Wire | None:
        """The wire if there is one at this moment."""
        return self._wire if self._wire is not None and not self._wire.lost else None

    async def get(self) -> Wire:
        """The wire as it is now. Raises redis' ConnectionError or TimeoutError when it cannot be opened."""
        if (wire := self.open) is not None:
            return wire
        async with self._opening:
            if (wire := self.open) is None:
                wire = self._wire = await Wire.opened(self._pool, self._pushed)
            return wire

    async def close(self) -> None:
        """Close it; the next get() opens another."""
        if self._wire is not None:
            self._wire.drop()
            await asyncio.sleep(0)  # the loop closes the socket in its next turn, and may have no other
