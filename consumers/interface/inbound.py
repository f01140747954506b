"""What a browser says and nobody has looked at yet: when it is too much, reading from the socket pauses."""

import asyncio
from typing import Any

PAUSE = 64  # frames
RESUME = 16


class InboundQueue(asyncio.Queue[dict[str, Any]]):
    """A consumer's queue that holds its client back. Daphne's own grows without bound."""

    def __init__(self, transport: Any) -> None:
        super().__init__()
        self._transport = transport
        self._paused = False

    def put_nowait(self, item: dict[str, Any]) -> None:
        super().put_nowait(item)
        if self.qsize() > PAUSE and not self._paused and item["type"] == "websocket.receive":
            self._paused = True
            self._transport.pauseProducing()

    async def get(self) -> dict[str, Any]:
        item = await super().get()
        if self._paused and self.qsize() <= RESUME:
            self._paused = False
            if self._transport.connected:
                self._transport.resumeProducing()
        return item
