"""A room that is open in this process: its sockets, its head, and what came too early."""

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import suppress

from consumers.interface.outlet import Outlet
from consumers.interface.presence import Presence

logger = logging.getLogger(__name__)


class OpenRoom:
    """Delivers a room's events to its sockets in the order of `seq`, without a hole.

    Two processes may publish 5 and 6 the wrong way round, or 5 may be lost: what is ahead waits for what is before it.
    """

    def __init__(self, id: int) -> None:
        self.id = id
        self.outlets: set[Outlet] = set()
        self.presence = Presence()
        self.head: int | None = None  # the newest event delivered; None until somebody read the log
        self.epoch = ""
        self.ahead: dict[int, str] = {}
        self.subscribed = asyncio.Event()
        self.filling = False
        self._delivering = False

    @property
    def behind(self) -> bool:
        """Whether events wait for one that has not come."""
        return self.head is not None and bool(self.ahead)

    async def arrived(self, seq: int, frame: str) -> None:
        """An event came over the layer or from the log."""
        if self.head is not None and seq <= self.head:
            return
        self.ahead[seq] = frame
        await self._deliver()

    async def read_up_to(self, seq: int) -> None:
        """Somebody has read the log up to `seq`; the first one to do so says where this room stands."""
        if self.head is None:
            self.head = seq
            self.ahead = {number: frame for number, frame in self.ahead.items() if number > seq}
            await self._deliver()

    async def _deliver(self) -> None:
        if self._delivering:
            return  # whoever is at it takes what has just come too; two at a time would mix the order up
        self._delivering = True
        try:
            while self.head is not None and (frame := self.ahead.pop(self.head + 1, None)) is not None:
                self.head += 1
                seq = self.head
                for outlet in tuple(self.outlets):
                    await self._safely(outlet, outlet.event(seq, frame))
        finally:
            self._delivering = False

    async def flash(self, frame: str) -> None:
        """Write a frame that is not kept to everyone who is not busy catching up."""
        for outlet in tuple(self.outlets):
            if outlet.held is None and not outlet.plain:
                await self._safely(outlet, outlet.write(frame))

    async def _safely(self, outlet: Outlet, writing: Awaitable[None]) -> None:
        """A socket that cannot be written to harms only itself: it is let go, and comes back for what it missed."""
        try:
            await writing
        except Exception as error:
            logger.warning("a socket of %s cannot be written to: %r", outlet.name, error)
            self.outlets.discard(outlet)
            with suppress(Exception):
                await outlet.close(1011)
