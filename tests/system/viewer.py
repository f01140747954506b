"""A viewer of runs as the run's page is one: it reconnects by itself, and goes on at the byte that it has."""

import asyncio
import json
import random
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol

from tests.system.client import TROUBLE


class Viewer:
    """`path`: runs/<id>/ or deploy/<uid>/. What was printed is kept by run; `faults` is what must never happen."""

    def __init__(self, url: str, path: str, cookie: str) -> None:
        self.url, self.path, self.cookie = url, path, cookie
        self.said: dict[str, bytes] = defaultdict(bytes)
        self.state: dict[str, Any] = {}  # of the run that is shown
        self.faults: list[str] = []
        self.connections = 0

    @property
    def done(self) -> bool:
        """Whether the run that is shown has ended, and was shown whole."""
        return bool(self.state.get("ended_at")) and len(self.said[self.state["run"]]) >= self.state["bytes"]

    async def live(self) -> None:
        """Watch until canceled."""
        while True:
            with suppress(*TROUBLE):
                await self._connection()
            await asyncio.sleep(random.uniform(0.05, 0.5))

    async def _connection(self) -> None:
        run = self.state.get("run", "")
        query = f"?run={run}&offset={len(self.said[run])}" if run else "?offset=0"
        address = f"{self.url.replace('http', 'ws', 1)}/ws/{self.path}{query}"
        headers, protocols = {"Cookie": self.cookie}, [Subprotocol("signalbox.v1")]
        async with connect(
            address, additional_headers=headers, subprotocols=protocols, origin=Origin(self.url), proxy=None
        ) as socket:
            self.connections += 1
            async for text in socket:
                self._heard(json.loads(text))

    def _heard(self, frame: dict[str, Any]) -> None:
        if frame["type"] in ("run", "state"):
            self.state = frame["run"]
        said = self.said[self.state.get("run", "")]
        if frame["type"] in ("run", "output") and frame["offset"] != len(said):
            self.faults.append(f"{len(said)} bytes are here: {frame}")
        elif frame["type"] == "output":
            self.said[self.state["run"]] += frame["text"].encode()
        elif frame["type"] in ("skipped", "error"):
            self.faults.append(str(frame))


class Audience:
    """Viewers in an event loop of their own, in a thread: beside tests that are not asynchronous."""

    def __init__(self, url: str, cookie: str) -> None:
        self.url, self.cookie = url, cookie
        self.viewers: list[Viewer] = []
        self.loop = asyncio.new_event_loop()
        self._tasks: list[asyncio.Task[None]] = []

    def come(self, *paths: str) -> None:
        """Have one more viewer at each of these."""

        def sit(viewer: Viewer) -> None:
            self._tasks.append(self.loop.create_task(viewer.live()))

        for path in paths:
            viewer = Viewer(self.url, path, self.cookie)
            self.viewers.append(viewer)
            self.loop.call_soon_threadsafe(sit, viewer)

    async def leave(self) -> None:
        """Nobody watches any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextmanager
def audience(url: str, cookie: str) -> Iterator[Audience]:
    """An audience that goes home at the end."""
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
    """What is wrong with what these have seen, if these runs have printed that."""
    found = []
    for viewer in viewers:
        found += viewer.faults
        last = viewer.state.get("run", "")
        if viewer.said[last] != expected.get(last):
            found.append(f"{viewer.path}: {len(viewer.said[last])} bytes of {last}")
        # of a run that it has gone over from, what came until then
        found += [f"{viewer.path}: {run}" for run, said in viewer.said.items() if not expected[run].startswith(said)]
    return found
