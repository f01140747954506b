"""A line that writes to the socket itself: no ASGI message, no queue, no task, no copy per frame.

Of stock Channels' CPU per delivery this leaves out the thread hop, the consumer's queue, ASGI's send chain, autobahn's
framing, and a write event in epoll for each frame. The frames for one socket in one turn of the event loop go out in
one system call.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings

from consumers.interface.transport.autobahn_internals import STATE_OPEN, queued_frames
from consumers.interface.transport.frame import Frame
from consumers.interface.transport.line import CLOSE_TOO_SLOW, SLICE_SOCKETS
from consumers.interface.transport.traffic import Traffic
from consumers.interface.transport.twisted_internals import direct_send, queued_bytes
from proj.metrics.definitions import SLOW_SOCKETS


class Flusher:
    """Flushes the lines of a process that have frames to write, at the end of each turn of the event loop."""

    def __init__(self, traffic: Traffic) -> None:
        self.traffic = traffic
        self._lines: deque[DirectLine] = deque()
        self._scheduled = False

    def add(self, line: "DirectLine") -> None:
        """Have `line` flushed at the end of this turn."""
        self._lines.append(line)
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        self.traffic.schedule_report()
        for _ in range(min(SLICE_SOCKETS, len(self._lines))):
            self._lines.popleft().flush()
        if self._lines:
            self._schedule()


class DirectLine:
    """Writes frames to the socket when nothing is queued before them, and through the transport otherwise.

    `clear` says that nothing is queued, so that a delivery need not read the attributes of protocol and transport,
    which lie all over the memory. Any other code that writes to the connection, or ends it, sets `clear` to False
    (see server.py).
    """

    __slots__ = ("_closed", "_flusher", "_gathered", "_protocol", "_send", "_slow", "_traffic", "clear")

    def __init__(self, protocol: WebSocketProtocol, flusher: Flusher) -> None:
        self._protocol = protocol
        self._flusher = flusher
        self._traffic = flusher.traffic
        self._send = cast("Callable[[bytes], int]", direct_send(protocol.transport))  # Handle.line() has checked it
        self._gathered: list[bytes] = []
        self._closed = False
        self._slow = False  # the line was counted as slow and has not caught up since
        self.clear = False

    def write(self, frame: Frame) -> None:
        if self._closed:
            return
        if not self._gathered:
            self._flusher.add(self)
            self.clear = False
        self._gathered.append(frame.wire)

    def write_now(self, frames: Sequence[Frame], wire: bytes) -> None:
        if not self.clear:
            for frame in frames:
                self.write(frame)
            return
        traffic = self._traffic
        traffic.sent_frames += len(frames)
        traffic.sent_bytes += len(wire)
        traffic.schedule_report()
        try:
            taken = self._send(wire)
        except OSError:
            taken = 0  # as in flush()
        if taken != len(wire):
            self._queue(wire[taken:])

    def close(self, code: int, reason: str = "") -> None:
        self.flush()
        if not self._closed:
            self._closed = True
            self._protocol.serverClose(code, reason)

    @property
    def waiting(self) -> int:
        transport = self._protocol.transport
        gathered = sum(len(data) for data in self._gathered)
        if transport is None:
            return gathered
        return gathered + (1 if queued_frames(self._protocol) else queued_bytes(transport))

    def flush(self) -> None:
        """Write the frames that have gathered."""
        if not self._gathered:
            return
        frames = len(self._gathered)
        data = self._gathered[0] if frames == 1 else b"".join(self._gathered)
        self._gathered.clear()
        protocol = self._protocol
        transport = protocol.transport
        if protocol.state != STATE_OPEN or transport is None:
            self._closed = True
            return
        self._traffic.sent_frames += frames
        self._traffic.sent_bytes += len(data)
        taken = 0
        if not queued_frames(protocol) and not queued_bytes(transport):
            self.clear = True
            # The socket's buffer is full, or the socket is closed: the transport finds out by itself.
            with contextlib.suppress(OSError):
                taken = self._send(data)
        if taken != len(data):
            self._queue(data[taken:])

    def _queue(self, data: bytes) -> None:
        """Leave it to the transport to write `data`, after the bytes that wait there."""
        self.clear = False
        transport = self._protocol.transport
        if transport is not None:
            transport.write(data)
            self._check_backlog(queued_bytes(transport))

    def _check_backlog(self, queued: int) -> None:
        if queued <= settings.SOCKET_BACKLOG // 2:
            self._slow = False
            return
        if not self._slow:
            self._slow = True
            SLOW_SOCKETS.inc()
        if queued > settings.SOCKET_BACKLOG:
            self._closed = True
            self._protocol.serverClose(CLOSE_TOO_SLOW, "reading too slowly")
