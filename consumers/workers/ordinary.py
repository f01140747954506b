"""Runs an ordinary Channels consumer on a named channel, one message at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from consumers.workers.base import WorkerConsumer

PlainMessage = Mapping[str, Any]  # as Channels consumers get it: `type`, and fields


class Ordinary(WorkerConsumer):
    """Runs any ASGI application for the scope type `channel`.

    Stock `runworker` moves all waiting messages from Redis into an unbounded queue in memory, and loses them when it is
    stopped. Ordinary passes on the next message only after the application has asked for it, which the application does
    when it has handled the message before.
    """

    def __init__(self, application: Callable[..., Awaitable[None]], channel: str) -> None:
        self.application = application
        self.channel = channel
        self._instance: asyncio.Future[None] | None = None
        self._asked = asyncio.Event()
        self._next: asyncio.Queue[PlainMessage] = asyncio.Queue(maxsize=1)

    async def handle(self, items: Sequence[PlainMessage]) -> None:
        for message in items:
            if "type" not in message:
                raise ValueError("a message with no type")
            if self._instance is None or self._instance.done():
                self._start()
            await self._ready()
            self._asked.clear()
            self._next.put_nowait(message)
            await self._ready()

    def _start(self) -> None:
        self._asked = asyncio.Event()
        self._next = asyncio.Queue(maxsize=1)
        scope = {"type": "channel", "channel": self.channel}
        self._instance = asyncio.ensure_future(self.application(scope, self._receive, self._send))

    async def _ready(self) -> None:
        """Wait until the application asks for its next message. If it raised instead, raise its error."""
        assert self._instance is not None  # noqa: S101 - for the type checker
        asked = asyncio.ensure_future(self._asked.wait())
        first: set[asyncio.Future[Any]] = {asked, self._instance}
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if self._instance.done():
                self._instance.result()
        finally:
            asked.cancel()

    async def _receive(self) -> PlainMessage:
        self._asked.set()
        return await self._next.get()

    async def _send(self, message: PlainMessage) -> None:
        raise RuntimeError("a consumer of a named channel has no socket to send to")
