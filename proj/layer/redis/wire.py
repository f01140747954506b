"""One connection to Redis, without redis-py's machinery around each command.

redis-py opens the connection (address, sign-in, TLS, Sentinel) and then hands its socket over. From there on a command
is a few bytes written, and its reply is parsed where it arrives. That leaves out the locks, tasks and timers with which
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
# A silent connection is dropped within this time; each command has at least half of it. It exceeds a take()'s blocking.
MAX_SILENCE_SECONDS = 10.0


class Wire(asyncio.Protocol):
    """A connection that sends commands in the order of call(); Redis answers them in that order.

    With `pushed` the connection is a listener: its replies are messages of publish/subscribe, and `pushed` is called
    with each of them.
    """

    def __init__(self, streams: Streams, pushed: Pushed | None) -> None:
        self.lost = False
        self.client_id: int | None = None  # the id that Redis gave to the connection, once it was asked for
        self._pushed = pushed
        self._reader = hiredis.Reader(protocolError=RedisConnectionError, replyError=ResponseError)
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._streams = streams  # referenced, because the transport lives only as long as its streams
        self._transport = streams[1].transport
        self._transport.set_protocol(self)
        self._replied, self._reply_due = True, False
        self._check_silence()

    @classmethod
    async def opened(cls, pool: ConnectionPool, pushed: Pushed | None = None) -> "Wire":
        """Return a new connection, opened by `pool`. Raise redis' ConnectionError or TimeoutError."""
        return cls(await opened_streams(pool), pushed)

    def write(self, *commands: tuple[Argument, ...]) -> None:
        """Send commands without waiting for their replies. Raise redis' ConnectionError."""
        if self.lost:
            raise RedisConnectionError("the connection to Redis is lost")
        # hiredis' stub has tuples of one element
        self._transport.write(b"".join([hiredis.pack_command(command) for command in commands]))  # type: ignore[arg-type]

    async def call(self, *command: Argument) -> Any:
        """Send a command and return its reply. Raise redis' ResponseError or ConnectionError."""
        return (await self.calls([command]))[0]

    async def calls(self, commands: Sequence[tuple[Argument, ...]]) -> list[Any]:
        """Send commands together and return their replies. Raise redis' ResponseError or ConnectionError."""
        self.write(*commands)
        loop = asyncio.get_running_loop()
        replies: list[asyncio.Future[Any]] = [loop.create_future() for _ in commands]
        self._waiting.extend(replies)
        with contextlib.suppress(RedisError):  # the error is in `failed` below
            await replies[-1]  # the last to arrive
        failed = [error for reply in replies if (error := reply.exception())]
        if failed:
            raise failed[0]
        return [reply.result() for reply in replies]

    def drop(self) -> None:
        """Close the connection at once. Waiting calls raise ConnectionError."""
        if not self.lost:
            self._transport.abort()
            self.connection_lost(None)

    async def ended(self) -> None:
        """Wait until the connection is lost."""
        await asyncio.shield(self._closed)

    def _check_silence(self) -> None:
        """Ping a silent listener, and drop a connection on which a reply was due since the last check."""
        if self.lost:
            return
        if self._reply_due and not self._replied:
            logger.warning("Redis has not answered for %g s", MAX_SILENCE_SECONDS / 2)
            self.drop()
            return
        self._reply_due = bool(self._waiting)
        if self._pushed is not None and not self._replied:
            self._reply_due = True
            self.write(("PING",))
        self._replied = False
        self._timer = asyncio.get_running_loop().call_later(MAX_SILENCE_SECONDS / 2, self._check_silence)

    # called by asyncio

    def data_received(self, data: bytes) -> None:
        self._replied = True
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                self._arrived(reply)
        except RedisConnectionError:
            logger.exception("cannot read a reply of Redis")
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


class ReconnectingWire:
    """A wire that is opened when it is first used, and again after it was lost."""

    def __init__(self, pool: ConnectionPool, pushed: Pushed | None = None) -> None:
        self._pool = pool
        self._pushed = pushed
        self._wire: Wire | None = None
        self._opening = asyncio.Lock()

    @property
    def open(self) -> Wire | None:
        """The wire, if one is open at this moment."""
        return self._wire if self._wire is not None and not self._wire.lost else None

    async def get(self) -> Wire:
        """Return the open wire. Raise redis' ConnectionError or TimeoutError when none can be opened."""
        if (wire := self.open) is not None:
            return wire
        async with self._opening:
            if (wire := self.open) is None:
                wire = self._wire = await Wire.opened(self._pool, self._pushed)
            return wire

    async def close(self) -> None:
        """Close the wire; the next get() opens another."""
        if self._wire is not None:
            self._wire.drop()
            await asyncio.sleep(0)  # the loop closes the socket in its next turn, and this turn may be its last
