"""What the layer did not bring: found by looking at the log, and read from there once for all sockets of a room."""

import asyncio
import random
from collections.abc import Mapping
from functools import partial

from consumers.interface.feeds import reading
from consumers.interface.feeds.room import OpenRoom
from consumers.interface.support.database import ask
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
                room.arrived(missing)
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
        # What is read is compared with what was delivered before: meanwhile more may be, and is no sign of anything.
        before = {id: (room.head, room.epoch) for id, room in self._rooms.items() if room.head is not None}
        if not before:
            return
        heads = await ask(partial(reading.heads, before))
        for id, (seq, epoch) in heads.items():
            room = self._rooms.get(id)
            head, known_epoch = before[id]
            if room is None or room.head is None or room.epoch != known_epoch:
                continue  # it has been opened anew meanwhile
            if epoch != known_epoch or seq < head:  # a backup was restored
                room.begin_anew(seq, epoch)
            elif seq > room.head:
                await self.fill(room)
