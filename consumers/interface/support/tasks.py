"""Background work of an interface process, which goes on whatever it meets."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)

LONGEST_WAIT = 3.0  # seconds between two tries


class Tasks:
    """Keeps tasks alive, and tells of those that failed."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `coroutine` in the background; its failure is logged."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def for_ever(self, life: Callable[[], Awaitable[None]]) -> None:
        """Run `life` again and again in the background; after a failure with growing pauses."""
        self.spawn(self._for_ever(life))

    async def stop(self) -> None:
        """End them all."""
        while self._tasks:  # a Redis client that is just connecting may swallow the first word
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(list(self._tasks), timeout=0.2)

    async def _for_ever(self, life: Callable[[], Awaitable[None]]) -> None:
        wait = 0.1
        while True:
            try:
                await life()
                wait = 0.1
            except Exception as error:
                logger.warning("%s: %r", getattr(life, "__qualname__", life), error)
                await asyncio.sleep(random.uniform(wait / 2, wait))  # noqa: S311 - jitter
                wait = min(wait * 2, LONGEST_WAIT)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.warning("in the background: %r", task.exception())
