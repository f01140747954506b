"""Runs an ordinary Channels consumer on a named channel, one message at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from consumers.workers.base import WorkerConsumer


class Ordinary(WorkerConsumer):
    """Any ASGI application for the scope type `channel`.

    Stock `runworker` moves everything that waits in Redis into an unbounded queue in memory and loses it when it is
    stopped. This hands over the next message only after the application has asked for it, which it does when it is
    done with the one before.
    """

    def __init__(self, application: Callable[..., Awaitable[None]], channel: str) -> None:
        self.application = application
        self.channel = channel
        self._instance: asyncio.Future[None] | None = None
        self._asked = asyncio.Event()
        self._next: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=1)

    async def handle(self, items: Sequence[dict[str, Any]]) -> None:
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
        """Wait until the application asks for its next message; raise what it raised instead."""
        assert self._instance is not None  # noqa: S101 - for the type checker
        asked = asyncio.ensure_future(self._asked.wait())
        first: set[asyncio.Future[Any]] = {asked, self._instance}
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if self._instance.done():
                self._instance.result()
        finally:
            asked.cancel()

    async def _receive(self) -> dict[str, Any]:
        self._asked.set()
        return await self._next.get()

    async def _send(self, message: dict[str, Any]) -> None:
        raise RuntimeError("there is no socket behind a named channel")
