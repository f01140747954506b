"""What leads to one browser: an Outlet writes frames to a Line, and never waits for it."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from django.conf import settings

from consumers.interface.transport.frame import Frame
from proj.metrics.definitions import SLOW_SOCKETS

logger = logging.getLogger(__name__)

TOO_SLOW = 4408
SLICE = 1000  # sockets that are written to before others have their turn


class Line(Protocol):
    """The way to one browser. Frames arrive in the order in which they were written."""

    def write(self, frame: Frame) -> None:
        """Send `frame`; nothing happens on a line that is closed."""

    def write_now(self, frames: Sequence[Frame], wire: bytes) -> None:
        """As write() of each, before this call returns where that can be; `wire` is the wire of all of them."""

    def close(self, code: int, reason: str = "") -> None:
        """Close the socket, after what was written."""

    @property
    def waiting(self) -> int:
        """About how many bytes wait for the browser."""


class SendLine:
    """A line over ASGI's own `send`, under any server. A task of its own waits for it, so that nobody else has to."""

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: deque[dict[str, Any]] = deque()
        self._size = 0  # characters that wait
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def write(self, frame: Frame) -> None:
        if self._closed:
            return
        before = self._size
        self._size += len(frame.text)
        if before <= settings.SOCKET_BACKLOG // 2 < self._size:
            SLOW_SOCKETS.inc()
        if self._size > settings.SOCKET_BACKLOG:
            self.close(TOO_SLOW, "reading too slowly")
            return
        self._put({"type": "websocket.send", "text": frame.text})

    def write_now(self, frames: Sequence[Frame], wire: bytes) -> None:
        for frame in frames:
            self.write(frame)

    def close(self, code: int, reason: str = "") -> None:
        if not self._closed:
            self._closed = True
            self._put({"type": "websocket.close", "code": code, "reason": reason})

    @property
    def waiting(self) -> int:
        return self._size

    def _put(self, message: dict[str, Any]) -> None:
        self._waiting.append(message)
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        while self._waiting:
            message = self._waiting.popleft()
            self._size -= len(message.get("text", ""))
            try:
                await self._send(message)
            except Exception as error:  # whatever the server makes of a socket that is gone
                logger.info("a socket cannot be written to: %r", error)
                self._closed = True
                self._waiting.clear()


def line_to(scope: Mapping[str, Any], send: Callable[[dict[str, Any]], Awaitable[None]]) -> Line:
    """The best line to the browser behind `scope`: the interface server's own (see server.py), or plain `send`."""
    own = scope.get("extensions", {}).get("signalbox")
    return own.line() if own is not None else SendLine(send)
