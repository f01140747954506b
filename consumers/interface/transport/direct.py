"""A line that writes to the socket itself: no ASGI message, no queue, no task, no copy per frame.

Of stock Channels' CPU per delivery this leaves out the thread hop, the consumer's queue, ASGI's send chain, autobahn's
framing, and a write event in epoll for each frame. What comes for one socket in one turn of the event loop goes out in
one system call.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import Any

from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings

from consumers.interface.transport.frame import Frame
from consumers.interface.transport.line import SLICE, TOO_SLOW
from consumers.interface.transport.traffic import Traffic
from proj.metrics.definitions import SLOW_SOCKETS


class Flusher:
    """Writes what has gathered for the sockets of a process, at the end of each turn of the event loop."""

    def __init__(self, traffic: Traffic) -> None:
        self.traffic = traffic
        self._due: deque[DirectLine] = deque()
        self._scheduled = False

    def note(self, line: "DirectLine") -> None:
        """`line` has something to write."""
        self._due.append(line)
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        self.traffic.soon()
        for _ in range(min(SLICE, len(self._due))):
            self._due.popleft().flush()
        if self._due:
            self._schedule()


class DirectLine:
    """Writes frames to the socket when nothing is queued before them, and through the transport otherwise.

    `clear` says that nothing is, so that a delivery need not ask protocol and transport, whose attributes lie all over
    the memory. Whoever else writes to the connection, or ends it, sets it to False (see server.py).
    """

    __slots__ = ("_closed", "_flusher", "_gathered", "_protocol", "_send", "_slow", "_traffic", "clear")

    def __init__(self, protocol: WebSocketProtocol, flusher: Flusher) -> None:
        self._protocol = protocol
        self._flusher = flusher
        self._traffic = flusher.traffic
        self._send = protocol.transport.socket.send
        self._gathered: list[bytes] = []
        self._closed = False
        self._slow = False  # it has been counted as slow, and has not caught up
        self.clear = False

    def write(self, frame: Frame) -> None:
        if self._closed:
            return
        if not self._gathered:
            self._flusher.note(self)
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
        traffic.soon()
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
        return gathered + (self._queued(transport) if transport is not None else 0)

    def flush(self) -> None:
        """Write what has gathered."""
        if not self._gathered:
            return
        frames = len(self._gathered)
        data = self._gathered[0] if frames == 1 else b"".join(self._gathered)
        self._gathered.clear()
        protocol = self._protocol
        transport = protocol.transport
        if protocol.state != WebSocketProtocol.STATE_OPEN or transport is None:
            self._closed = True
            return
        self._traffic.sent_frames += frames
        self._traffic.sent_bytes += len(data)
        taken = 0
        if not self._queued(transport):
            self.clear = True
            with contextlib.suppress(OSError):  # it takes no more now; or it is gone, as the transport finds out itself
                taken = self._send(data)
        if taken != len(data):
            self._queue(data[taken:])

    def _queue(self, data: bytes) -> None:
        """Leave it to the transport to write `data`, after what waits there."""
        self.clear = False
        transport = self._protocol.transport
        if transport is not None:
            transport.write(data)
            self._look_at_backlog(self._queued(transport))

    def _look_at_backlog(self, queued: int) -> None:
        if queued <= settings.SOCKET_BACKLOG // 2:
            self._slow = False
            return
        if not self._slow:
            self._slow = True
            SLOW_SOCKETS.inc()
        if queued > settings.SOCKET_BACKLOG:
            self._closed = True
            self._protocol.serverClose(TOO_SLOW, "reading too slowly")

    def _queued(self, transport: Any) -> int:
        """Bytes that wait in the transport; it gives their memory back when the closing handshake is over."""
        if self._protocol.send_queue:
            return 1
        return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)
