"""Background work of an interface process, which survives every failure."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)

FIRST_RETRY_SECONDS = 0.1
MAX_RETRY_SECONDS = 3.0
CANCEL_SECONDS = 0.2  # until tasks that go on are canceled again


class Tasks:
    """Holds references to background tasks, and logs their failures."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `coroutine` in the background; its failure is logged."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def repeat(self, job: Callable[[], Awaitable[None]]) -> None:
        """Run `job` again and again in the background; after failures with growing pauses."""
        self.spawn(self._repeat(job))

    async def stop(self) -> None:
        """Cancel all tasks, and wait until they have ended."""
        while self._tasks:  # a Redis client that is just connecting may swallow the first cancellation
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(list(self._tasks), timeout=CANCEL_SECONDS)

    async def _repeat(self, job: Callable[[], Awaitable[None]]) -> None:
        wait = FIRST_RETRY_SECONDS
        while True:
            try:
                await job()
                wait = FIRST_RETRY_SECONDS
            except Exception as error:
                logger.warning("%s failed: %r", getattr(job, "__qualname__", job), error)
                await asyncio.sleep(random.uniform(wait / 2, wait))  # noqa: S311 - jitter
                wait = min(wait * 2, MAX_RETRY_SECONDS)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.warning("a background task failed: %r", task.exception())
