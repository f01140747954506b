"""A viewer of runs, like the run's page: it reconnects by itself, and continues at the byte that it has."""

import asyncio
import json
import random
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from tests.system.client import TROUBLE


class Viewer:
    """One socket at `path`, runs/<id>/ or deploy/<uid>/. `faults` holds frames that break the protocol."""

    def __init__(self, url: str, path: str, cookie: str) -> None:
        self.url, self.path, self.cookie = url, path, cookie
        self.output: dict[str, bytes] = defaultdict(bytes)  # by run
        self.state: dict[str, Any] = {}  # of the run that is shown
        self.faults: list[str] = []
        self.connections = 0
        self.close_codes: list[int] = []  # 1006 where the server sent none

    @property
    def done(self) -> bool:
        """Whether the run that is shown has ended, and all of its output has arrived."""
        return bool(self.state.get("ended_at")) and len(self.output[self.state["run"]]) >= self.state["bytes"]

    async def live(self) -> None:
        """Watch until the task is canceled."""
        while True:
            with suppress(*TROUBLE):
                await self._connection()
            await asyncio.sleep(random.uniform(0.05, 0.5))

    async def _connection(self) -> None:
        run = self.state.get("run", "")
        query = f"?run={run}&offset={len(self.output[run])}" if run else "?offset=0"
        address = f"{self.url.replace('http', 'ws', 1)}/ws/{self.path}{query}"
        headers, protocols = {"Cookie": self.cookie}, [Subprotocol("signalbox.v1")]
        async with connect(
            address, additional_headers=headers, subprotocols=protocols, origin=Origin(self.url), proxy=None
        ) as socket:
            self.connections += 1
            with suppress(ConnectionClosed):
                async for text in socket:
                    self._receive(json.loads(text))
            self.close_codes.append(socket.close_code or 1006)

    def _receive(self, frame: dict[str, Any]) -> None:
        if frame["type"] in ("run", "state"):
            self.state = frame["run"]
        output = self.output[self.state.get("run", "")]
        if frame["type"] in ("run", "output") and frame["offset"] != len(output):
            self.faults.append(f"{len(output)} bytes are here: {frame}")
        elif frame["type"] == "output":
            self.output[self.state["run"]] += frame["text"].encode()
        elif frame["type"] in ("skipped", "error"):
            self.faults.append(str(frame))


class Audience:
    """Viewers in an event loop of their own, in a thread, for tests that are not asynchronous."""

    def __init__(self, url: str, cookie: str) -> None:
        self.url, self.cookie = url, cookie
        self.viewers: list[Viewer] = []
        self.loop = asyncio.new_event_loop()
        self._tasks: list[asyncio.Task[None]] = []

    def come(self, *paths: str) -> None:
        """Add one viewer at each of these paths."""

        def sit(viewer: Viewer) -> None:
            self._tasks.append(self.loop.create_task(viewer.live()))

        for path in paths:
            viewer = Viewer(self.url, path, self.cookie)
            self.viewers.append(viewer)
            self.loop.call_soon_threadsafe(sit, viewer)

    async def leave(self) -> None:
        """End all viewers of the audience."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextmanager
def audience(url: str, cookie: str) -> Iterator[Audience]:
    """Yield an audience; its viewers and its thread end with the block."""
    people = Audience(url, cookie)
    thread = threading.Thread(target=people.loop.run_forever)
    thread.start()
    try:
        yield people
    finally:
        asyncio.run_coroutine_threadsafe(people.leave(), people.loop).result(20)
        people.loop.call_soon_threadsafe(people.loop.stop)
        thread.join()
        people.loop.close()


def faults(viewers: list[Viewer], expected: Mapping[str, bytes]) -> list[str]:
    """Return the faults of these viewers, and every difference from `expected`, the output by run."""
    found = []
    for viewer in viewers:
        found += viewer.faults
        last = viewer.state.get("run", "")
        if viewer.output[last] != expected.get(last):
            found.append(f"{viewer.path}: {len(viewer.output[last])} bytes of {last}")
        # a viewer of a service switches to a newer run: of the older one it has the beginning
        found += [
            f"{viewer.path}: {run}"
            for run, seen in viewer.output.items()
            if not expected.get(run, b"").startswith(seen)
        ]
    return found
