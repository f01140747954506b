"""The way to one browser: an Outlet writes frames to a Line, and never waits for it."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from django.conf import settings

from consumers.interface.transport.asgi import Message, Scope, Send
from consumers.interface.transport.frame import Frame
from proj.metrics.definitions import SLOW_SOCKETS

logger = logging.getLogger(__name__)

CLOSE_TOO_SLOW = 4408
SLICE_SOCKETS = 1000  # that are written to before other work of the event loop has its turn


class Line(Protocol):
    """The way to one browser. Frames arrive in the order in which they were written."""

    def write(self, frame: Frame) -> None:
        """Send `frame`; nothing happens on a line that is closed."""

    def write_now(self, frames: Sequence[Frame], wire: bytes) -> None:
        """As write() of each frame, before this call returns where possible. `wire`: their wires in one."""

    def close(self, code: int, reason: str = "") -> None:
        """Close the socket, after the frames that were written."""

    @property
    def waiting(self) -> int:
        """About how many bytes wait for the browser."""


class SendLine:
    """A line over ASGI's own `send`, under any server. A task of its own awaits `send`, so that no writer has to."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._messages: deque[Message] = deque()
        self._characters = 0  # in the messages that wait
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def write(self, frame: Frame) -> None:
        if self._closed:
            return
        before = self._characters
        message = frame.message
        self._characters += _size(message)
        if before <= settings.SOCKET_BACKLOG // 2 < self._characters:
            SLOW_SOCKETS.inc()
        if self._characters > settings.SOCKET_BACKLOG:
            self.close(CLOSE_TOO_SLOW, "reading too slowly")
            return
        self._put(message)

    def write_now(self, frames: Sequence[Frame], wire: bytes) -> None:
        for frame in frames:
            self.write(frame)

    def close(self, code: int, reason: str = "") -> None:
        if not self._closed:
            self._closed = True
            self._put({"type": "websocket.close", "code": code, "reason": reason})

    @property
    def waiting(self) -> int:
        return self._characters

    def _put(self, message: Message) -> None:
        self._messages.append(message)
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        while self._messages:
            message = self._messages.popleft()
            self._characters -= _size(message)
            try:
                await self._send(message)
            except Exception as error:  # servers raise different errors for a socket that is closed
                logger.info("could not write to a socket: %r", error)
                self._closed = True
                self._messages.clear()


def _size(message: Message) -> int:
    return len(message.get("text") or message.get("bytes") or "")


def line_to(scope: Scope, send: Send) -> Line:
    """Return the best line to the browser of `scope`: the interface server's own (see server.py), or plain `send`."""
    handle = scope.get("extensions", {}).get("signalbox")
    line: Line = SendLine(send) if handle is None else handle.line()
    return line
