"""`python -m benchmarks.client.viewers <JOB`: watch runs. The job is JSON; so is each line that is printed.

The job: `url`, `cookies`, `path` (of the socket), `fast` and `slow` (how many viewers), `seconds` (until it ends at
the latest), `until` (`end` or `stdin`: the end of the runs, or of standard input). A viewer is done when its run has
ended and all output has arrived.
"""

import asyncio
import json
import socket
import sys
import time
from typing import Any

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from benchmarks.client.raw import knock

TEXT, CLOSE = 0x81, 0x88  # of whole frames
SLOW_BUFFER_BYTES = 16 * 1024  # of the kernel for a slow viewer, so that unread bytes wait at the server
SLOW_READ_BYTES = 16 * 1024
SLOW_READ_INTERVAL_SECONDS = 0.125


class Viewer(WSListener):
    """One browser that shows a run."""

    slow = False

    def __init__(self) -> None:
        super().__init__()
        self.first: dict[str, float] = {}  # seconds since the epoch at the first output of each run
        self.bytes = self.skipped = self.holes = self.closed = 0
        self.done = asyncio.Event()
        self._run: dict[str, Any] = {}
        self._end = 0

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            self.closed = frame.get_close_code()
            self.done.set()
            transport.disconnect()
        if frame.msg_type == WSMsgType.TEXT:
            self.receive(json.loads(frame.get_payload_as_bytes()))

    @property
    def over(self) -> bool:
        """Return whether the run has ended, according to the frames that were read."""
        return bool(self._run.get("ended_at"))

    def receive(self, frame: dict[str, Any]) -> None:
        """Process one frame: count its bytes, and the holes before it."""
        if frame["type"] == "run":
            self._run, self._end = frame["run"], frame["offset"]
        elif frame["type"] == "state":
            self._run = frame["run"]
        elif frame["type"] == "output":
            self.first.setdefault(self._run["run"], time.time())
            self.holes += frame["offset"] != self._end
            self.bytes += frame["end"] - frame["offset"]
            self._end = frame["end"]
        elif frame["type"] == "skipped":
            self.holes += frame["offset"] != self._end
            self.skipped += frame["to"] - frame["offset"]
            self._end = frame["to"]
        if self.over and self._end >= self._run["bytes"]:
            self.done.set()

    def result(self) -> dict[str, Any]:
        """Return the counts of this viewer."""
        names = ("slow", "first", "bytes", "skipped", "holes", "closed")
        return {name: getattr(self, name) for name in names} | {"whole": self.done.is_set() and not self.closed}


class SlowViewer(Viewer):
    """A viewer that reads 128 kB/s until the run has ended, and then as fast as it can."""

    slow = True

    async def read(self, connection: socket.socket) -> None:
        """Read until the run is complete, or the server closes the socket."""
        loop, data = asyncio.get_running_loop(), b""
        connection.setblocking(False)
        while not self.done.is_set():
            read = await loop.sock_recv(connection, SLOW_READ_BYTES)
            data += read
            while place := _payload(data):
                payload = data[place]
                if data[0] == TEXT:
                    self.receive(json.loads(payload))
                elif data[0] == CLOSE:
                    self.closed = int.from_bytes(payload[:2])
                    self.done.set()
                data = data[place.stop :]
            if not read:
                return
            if not self.over:
                await asyncio.sleep(SLOW_READ_INTERVAL_SECONDS)


def _payload(data: bytes) -> slice | None:
    """Return the place of the first frame's payload; None while the frame is incomplete."""
    if len(data) < 2:
        return None
    more = {126: 2, 127: 8}.get(data[1], 0)
    size = int.from_bytes(data[2 : 2 + more]) if more else data[1]
    place = slice(2 + more, 2 + more + size)
    return place if len(data) >= place.stop else None


async def watch(job: dict[str, Any]) -> None:
    viewers = [SlowViewer() if number >= job["fast"] else Viewer() for number in range(job["fast"] + job["slow"])]
    reading = []
    for number, viewer in enumerate(viewers):
        headers = {"Origin": job["url"], "Cookie": job["cookies"][number], "Sec-WebSocket-Protocol": "signalbox.v1"}
        if isinstance(viewer, SlowViewer):
            connection = await asyncio.to_thread(
                knock, job["url"], job["path"], headers, receive_buffer=SLOW_BUFFER_BYTES
            )
            reading.append(asyncio.ensure_future(viewer.read(connection)))
            continue
        await ws_connect(
            lambda one=viewer: one, job["url"].replace("http", "ws", 1) + job["path"], extra_headers=headers
        )
    print(json.dumps({"event": "watching"}), flush=True)
    began = time.monotonic()
    if job["until"] == "end":
        waiting = asyncio.gather(*(viewer.done.wait() for viewer in viewers))
        await asyncio.wait({asyncio.ensure_future(waiting)}, timeout=job["seconds"])
    else:  # until standard input is closed
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    took = round(time.monotonic() - began, 2)
    print(json.dumps({"result": [viewer.result() for viewer in viewers], "seconds": took}), flush=True)


if __name__ == "__main__":
    uvloop.run(watch(json.loads(sys.stdin.readline())))
