"""`python -m benchmarks.client.viewers <JOB`: watch runs. The job is JSON; so is each line that is printed.

The job: `url`, `cookies`, `path` (of the socket), `fast` and `slow` (how many viewers), `seconds` (until it ends at
the latest). A viewer is done when its run has ended and it has been shown all of it.
"""

import asyncio
import json
import sys
import time
from typing import Any

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

MOUTHFUL = 64 * 1024  # bytes that a slow viewer reads, and then
REST = 0.5  # seconds that it looks at them


class Viewer(WSListener):
    """One browser at a run. A slow one reads 128 kB/s until the run is over, and then as fast as it can."""

    def __init__(self, *, slow: bool) -> None:
        super().__init__()
        self.slow = slow
        self.first: dict[str, float] = {}  # seconds since the epoch at which each run's first output came
        self.bytes = self.skipped = self.holes = self.closed = 0
        self.done = asyncio.Event()
        self._run: dict[str, Any] = {}
        self._end = self._eaten = 0

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            self.closed = frame.get_close_code()
            self.done.set()
            transport.disconnect()
        if frame.msg_type != WSMsgType.TEXT:
            return
        said = json.loads(frame.get_payload_as_bytes())
        if said["type"] == "run":
            self._run, self._end = said["run"], said["offset"]
        elif said["type"] == "state":
            self._run = said["run"]
        elif said["type"] == "output":
            self.first.setdefault(self._run["run"], time.time())
            self.holes += said["offset"] != self._end
            self.bytes += said["end"] - said["offset"]
            self._end = said["end"]
        elif said["type"] == "skipped":
            self.holes += said["offset"] != self._end
            self.skipped += said["to"] - said["offset"]
            self._end = said["to"]
        over = bool(self._run.get("ended_at"))
        if over and self._end >= self._run["bytes"]:
            self.done.set()
        self._eat(transport, len(frame.get_payload_as_memoryview()), over=over)

    def _eat(self, transport: WSTransport, size: int, *, over: bool) -> None:
        self._eaten += size
        if self.slow and not over and self._eaten > MOUTHFUL:
            self._eaten = 0
            transport.underlying_transport.pause_reading()
            asyncio.get_running_loop().call_later(REST, transport.underlying_transport.resume_reading)

    def told(self) -> dict[str, Any]:
        """What it has seen."""
        names = ("slow", "first", "bytes", "skipped", "holes", "closed")
        return {name: getattr(self, name) for name in names} | {"whole": self.done.is_set() and not self.closed}


async def watch(job: dict[str, Any]) -> None:
    viewers = [Viewer(slow=number >= job["fast"]) for number in range(job["fast"] + job["slow"])]
    for number, viewer in enumerate(viewers):
        headers = {"Origin": job["url"], "Cookie": job["cookies"][number], "Sec-WebSocket-Protocol": "signalbox.v1"}
        await ws_connect(
            lambda one=viewer: one, job["url"].replace("http", "ws", 1) + job["path"], extra_headers=headers
        )
    print(json.dumps({"event": "watching"}), flush=True)
    began = time.monotonic()
    if job["until"] == "end":
        waiting = asyncio.gather(*(viewer.done.wait() for viewer in viewers))
        await asyncio.wait({asyncio.ensure_future(waiting)}, timeout=job["seconds"])
    else:  # somebody says so
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    took = round(time.monotonic() - began, 2)
    print(json.dumps({"result": [viewer.told() for viewer in viewers], "seconds": took}), flush=True)


if __name__ == "__main__":
    uvloop.run(watch(json.loads(sys.stdin.readline())))
