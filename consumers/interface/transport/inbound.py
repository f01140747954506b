"""A browser's frames that its consumer has not handled yet: above a bound, reading from the socket pauses."""

import asyncio
from collections.abc import Callable
from typing import Any

from consumers.interface.transport.asgi import Message

PAUSE_FRAMES = 64
RESUME_FRAMES = 16


class InboundQueue:
    """A consumer's queue that holds its client back. Daphne's own grows without bound.

    It has one reader and no bound of its own, so it needs nothing of asyncio's Queue, which is 3 kB for each socket.
    """

    __slots__ = ("_items", "_reader", "_transport", "call_when_gone", "paused")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.paused = False  # the client is not read: its frames and its pongs wait
        self._items: list[Message] = []
        self._reader: asyncio.Future[None] | None = None
        self.call_when_gone: Callable[[], None] | None = None  # called before the disconnect has its turn here

    def put_nowait(self, item: Message) -> None:
        """Add an ASGI message."""
        self._items.append(item)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
        if len(self._items) > PAUSE_FRAMES and not self.paused and item["type"] == "websocket.receive":
            self.paused = True
            self._transport.pauseProducing()
        if self.call_when_gone is not None and item["type"] == "websocket.disconnect":
            self.call_when_gone()

    async def get(self) -> Message:
        """Return the next ASGI message, when there is one."""
        while not self._items:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        item = self._items.pop(0)
        if self.paused and len(self._items) <= RESUME_FRAMES:
            self.paused = False
            if self._transport.connected:
                self._transport.resumeProducing()
        return item
