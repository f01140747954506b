"""Runs that are watched in this process: who watches which, and how far each has been told.

What a worker publishes carries new output while there is little of it, and otherwise says only how far it goes: the
rest is read from the database, once for all who stand at the same place. Who cannot keep up skips along, and is told
what was skipped.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from consumers.interface.feeds import viewing
from consumers.interface.support.database import ask
from consumers.interface.support.tasks import Tasks
from consumers.interface.transport.frame import Frame
from consumers.interface.transport.outlet import Outlet
from proj.layer.messages import RunOutput, RunState, ServiceLine
from proj.layer.names import run_group, service_group
from proj.monotonic import NEVER
from proj.runs.output.utf8 import text
from proj.runs.states import ENDED

logger = logging.getLogger(__name__)

BEAT = 20.0  # seconds after which the state of a run that goes on is told again, so that nobody takes silence for a cut
LOOK = 3.0  # seconds between two looks at the runs in the database: a lost message costs no more than that
PORTION = 64 * 1024  # bytes read at once
PACE = 0.05  # seconds between two portions for one socket: 1.3 MB/s, and nobody reads faster
BEHIND = 256 * 1024  # bytes that wait for a browser, above which nothing more is written to it
FAR = 1024 * 1024  # bytes behind, above which one skips along
TAIL = 128 * 1024  # bytes before the end, to which one skips
SKIPPING = 0.5  # seconds between two skips: what passes in between nobody could read, and sending it costs the chat
REST = 1.0  # seconds that a socket goes on with a run that is over when the next one has started
KEPT = 16  # portions that a run keeps for its other watchers
SUBSCRIBING = 1.0  # seconds that a socket waits for the layer before it goes on without
AGAIN = 1.0  # seconds between two tries to join a group

Hears = Callable[[RunState | ServiceLine], None]
Piece = tuple[int, Frame]  # the offset behind it, and the frame
Place = tuple[int, int]  # an offset, and the number of the line that it is in


class Watcher:
    """One socket that watches one run at a time. `told` is the offset up to which it has been told of the output."""

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        self.run: OpenRun | None = None
        self.told = 0
        self.shown = False  # whether it has been told which run that is
        self.reading = False
        self.gone = False

    def hear(self, pieces: list[tuple[int, Piece]]) -> bool:
        """Write what follows at once; False when something is missing or the browser is slow: it must then be read."""
        for offset, (end, frame) in pieces:
            if end <= self.told:
                continue
            if offset != self.told or self.outlet.line.waiting > BEHIND:
                return False
            self.outlet.write(frame)
            self.told = end
        return True


class OpenRun:
    """A run that somebody here watches."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.state: dict[str, Any] = {}
        self.told_at = NEVER  # on the monotonic clock: when its watchers were told of its state
        self.end = 0  # bytes of output that are stored, as far as is known here
        self.watchers: set[Watcher] = set()
        self._portions: dict[int, asyncio.Task[Piece | None]] = {}
        self._tail: asyncio.Task[Place] | None = None
        self._tail_until = NEVER  # on the monotonic clock

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state.get("state") in ENDED and self.end >= self.state["bytes"]

    async def portion(self, offset: int) -> Piece | None:
        """What follows the first `offset` bytes, read once for all who ask; None when there is nothing yet."""
        reading = self._portions.get(offset)
        if reading is None:
            reading = self._portions[offset] = asyncio.ensure_future(self._read(offset))
            while len(self._portions) > KEPT:
                del self._portions[next(iter(self._portions))]
        piece = None
        try:
            piece = await asyncio.shield(reading)
        finally:
            if piece is None:  # nothing yet, or the database refused: the next one looks again
                self._portions.pop(offset, None)
        return piece

    async def tail(self) -> Place:
        """Where who cannot keep up goes on: one place for all who ask within a while."""
        if self._tail is None or time.monotonic() > self._tail_until:
            self._tail_until = time.monotonic() + SKIPPING
            self._tail = asyncio.ensure_future(ask(partial(viewing.tail, self.id, self.end - TAIL)))
        try:
            return await asyncio.shield(self._tail)
        except DatabaseError:
            self._tail = None  # the next one looks again
            raise

    async def _read(self, offset: int) -> Piece | None:
        data, end = await ask(partial(viewing.after, self.id, offset, PORTION))
        return (end, output(offset, end, text(data))) if data else None


def output(offset: int, end: int, said: str) -> Frame:
    """The frame of a piece of output: the bytes before it and up to its end, and its text."""
    return Frame.of({"type": "output", "offset": offset, "end": end, "text": said})


class Watching:
    """Brings runs and their watchers together. `channel` gives this process's channel of the layer."""

    def __init__(self, layer: Any, channel: Callable[[], Awaitable[str]], tasks: Tasks) -> None:
        self._layer = layer
        self._channel = channel
        self._tasks = tasks
        self._runs: dict[str, OpenRun] = {}
        self._services: dict[str, set[Hears]] = defaultdict(set)
        self._groups: dict[str, int] = defaultdict(int)

    # for sockets

    async def follow(self, watcher: Watcher, id: str, offset: int | None, *, switched: bool = False) -> None:
        """Show `watcher` this run from `offset` on (None: its last part), and no other. Raises Run.DoesNotExist."""
        self.leave(watcher)
        if watcher.gone:
            return
        run = self._runs.get(id)
        if run is None:
            run = self._runs[id] = OpenRun(id)
        watcher.run, watcher.shown = run, False
        watcher.reading = True  # what comes meanwhile is read afterwards
        run.watchers.add(watcher)
        await self._join(run_group(id))
        opening = await ask(partial(viewing.opening, id, offset, FAR, TAIL))
        self._state(opening.state)  # the others may not have heard of it yet
        if watcher.run is not run:
            return  # it has gone on to another meanwhile
        watcher.told, watcher.shown = opening.offset, True
        place = {"offset": opening.offset, "line": opening.line}
        watcher.outlet.tell(type="run", switched=switched, run=run.state, **place)
        self._tasks.spawn(self._read_on(watcher, run))

    async def rest(self, watcher: Watcher) -> None:
        """Wait until `watcher` has been told the last of a run that is over: it came, and went, a moment ago."""
        end = time.monotonic() + REST
        while (run := watcher.run) is not None and not watcher.gone and time.monotonic() < end:
            if run.state and (run.state["state"] not in ENDED or watcher.told >= run.end):
                return
            await asyncio.sleep(PACE / 5)

    def leave(self, watcher: Watcher) -> None:
        """Show it nothing more."""
        run, watcher.run = watcher.run, None
        if run is not None:
            run.watchers.discard(watcher)
            self._part(run_group(run.id))
            if not run.watchers and self._runs.get(run.id) is run:
                del self._runs[run.id]

    async def listen(self, uid: str, hears: Hears) -> None:
        """Have `hears` called with what is told of this service's runs."""
        self._services[uid].add(hears)
        await self._join(service_group(uid))

    def unlisten(self, uid: str, hears: Hears) -> None:
        """The end of listen()."""
        if hears in self._services[uid]:
            self._services[uid].discard(hears)
            self._part(service_group(uid))
        if not self._services[uid]:
            del self._services[uid]

    # the layer

    def arrived(self, message: RunOutput | RunState | ServiceLine) -> None:
        """A message of the layer about a run or a service."""
        match message:
            case RunOutput():
                self._output(message)
            case RunState():
                self._state(message.state)
                for hears in list(self._services.get(message.state["service"], ())):
                    hears(message)
            case ServiceLine():
                for hears in list(self._services.get(message.service, ())):
                    hears(message)

    def _output(self, message: RunOutput) -> None:
        run = self._runs.get(message.run)
        if run is None:
            return
        run.end = max(run.end, message.bytes)
        pieces = [(one.offset, (one.end, output(one.offset, one.end, one.text))) for one in message.chunks]
        for watcher in run.watchers:
            if not watcher.reading and not (pieces and watcher.hear(pieces)):
                self._read_later(watcher, run)

    def _state(self, state: dict[str, Any]) -> None:
        run = self._runs.get(state["run"])
        if run is None or viewing.older(state, run.state):
            return
        news = viewing.news(run.state, state)
        run.state = state
        run.end = max(run.end, state["bytes"])
        if not news and time.monotonic() - run.told_at < BEAT:
            return
        run.told_at = time.monotonic()
        frame = Frame.of({"type": "state", "run": state})
        for watcher in run.watchers:
            if watcher.shown:
                watcher.outlet.write(frame)
            if watcher.told < run.end:
                self._read_later(watcher, run)

    async def look(self) -> None:
        """Find what the layer did not bring."""
        await asyncio.sleep(LOOK)
        open_runs = [id for id, run in self._runs.items() if run.state and not run.over]
        if open_runs:
            for state in await ask(partial(viewing.states, open_runs)):
                self._state(state)
        if self._services:
            for state in await ask(partial(viewing.newest, list(self._services))):
                for hears in list(self._services.get(state["service"], ())):
                    hears(RunState(state=state))
        for run in list(self._runs.values()):  # who was let down by the database tries again
            for watcher in run.watchers:
                if run.state and watcher.told < run.end:
                    self._read_later(watcher, run)

    # reading

    def _read_later(self, watcher: Watcher, run: OpenRun) -> None:
        if not watcher.reading:
            watcher.reading = True
            self._tasks.spawn(self._read_on(watcher, run))

    async def _read_on(self, watcher: Watcher, run: OpenRun) -> None:
        """Tell one watcher what it has not been told, as fast as it reads."""
        try:
            while watcher.run is run and not watcher.gone and watcher.told < run.end:
                if watcher.outlet.line.waiting <= BEHIND and not await self._one_portion(watcher, run):
                    return
                await asyncio.sleep(PACE)
        finally:
            if watcher.run is run:
                watcher.reading = False

    async def _one_portion(self, watcher: Watcher, run: OpenRun) -> bool:
        if run.end - watcher.told > FAR:
            offset, line = await run.tail()
            if watcher.run is not run:
                return False
            if offset <= watcher.told:
                return True  # it has read on from there, and skips again in a moment
            watcher.outlet.tell(type="skipped", offset=watcher.told, to=offset, line=line)
            watcher.told = offset
        piece = await run.portion(watcher.told)
        if piece is None or watcher.run is not run:
            return False
        watcher.told, frame = piece
        watcher.outlet.write(frame)
        return True

    # groups

    async def _join(self, group: str) -> None:
        self._groups[group] += 1
        if self._groups[group] == 1:
            _, waiting = await asyncio.wait({self._tasks.spawn(self._add(group))}, timeout=SUBSCRIBING)
            if waiting:
                logger.warning("%s is watched without the layer: Redis is away", group)

    async def _add(self, group: str) -> None:
        while group in self._groups:
            try:
                channel = await self._channel()
                if group in self._groups:
                    await self._layer.group_add(group, channel)
                return
            except (RedisError, OSError):
                await asyncio.sleep(AGAIN)

    def _part(self, group: str) -> None:
        self._groups[group] -= 1
        if not self._groups[group]:
            del self._groups[group]
            self._tasks.spawn(self._discard(group))

    async def _discard(self, group: str) -> None:
        if group not in self._groups:
            await self._layer.group_discard(group, await self._channel())
