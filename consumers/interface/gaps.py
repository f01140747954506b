"""What the layer did not bring: found by looking at the log, and read from there once for all sockets of a room."""

import asyncio
import random
from collections.abc import Mapping
from functools import partial

from consumers.interface import reading
from consumers.interface.database import ask
from consumers.interface.room import OpenRoom
from proj.metrics.definitions import GAP_EVENTS, GAPS

LOOK = 3.0  # seconds between two looks at the heads in the database
PATIENCE = 0.1  # seconds that an event waits for one before it that may be on its way
PORTION = 500  # events read at once


class Gaps:
    """Fills the holes of the rooms that are open in this process."""

    def __init__(self, rooms: Mapping[int, OpenRoom]) -> None:
        self._rooms = rooms

    async def fill(self, room: OpenRoom, patience: float = 0.0) -> None:
        """Read what the layer did not bring, once for all sockets of the room."""
        if room.filling:
            return
        room.filling = True
        try:
            await asyncio.sleep(patience)
            while patience == 0.0 or room.behind:
                start = room.head
                if start is None:
                    return
                page = await ask(partial(reading.after, room.id, start, PORTION))
                missing = [(seq, text) for seq, text in page.events if room.misses(seq)]
                for seq, text in missing:
                    room.arrived(seq, text)
                if missing:
                    GAPS.inc()
                    GAP_EVENTS.inc(len(missing))
                if room.head is None or room.head >= page.head or room.head == start:
                    return
        finally:
            room.filling = False

    async def look(self) -> None:
        """Compare the rooms' heads with the database: this finds a lost event even when no other follows it."""
        await asyncio.sleep(LOOK * random.uniform(0.8, 1.0))  # noqa: S311 - so that processes do not ask together
        known = {id: room for id, room in self._rooms.items() if room.head is not None}
        if not known:
            return
        heads = await ask(partial(reading.heads, known))
        for id, (seq, epoch) in heads.items():
            room = known[id]
            if room.head is not None and (epoch != room.epoch or seq < room.head):
                await self._reset(room, seq, epoch)
            elif room.head is not None and seq > room.head:
                await self.fill(room)

    async def _reset(self, room: OpenRoom, seq: int, epoch: str) -> None:
        """The log is another one, a backup was restored: all sockets begin anew."""
        if room.head is not None and epoch == room.epoch:
            page = await ask(partial(reading.after, room.id, None))
            if page.head >= room.head and page.epoch == room.epoch:
                return  # it was read before an event that has been delivered since
        room.begin_anew(seq, epoch)
