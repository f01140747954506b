"""The end of a worker's background tasks."""

import asyncio
from collections.abc import Iterable
from typing import Any

CANCEL_TASKS_SECONDS = 0.2  # until a task that goes on is canceled again


async def end_tasks(tasks: Iterable[asyncio.Future[Any] | None]) -> None:
    """Cancel tasks until they have ended: a Redis client may swallow a cancellation, and the process would stay."""
    going_on = {task for task in tasks if task is not None}
    while going_on:
        for task in going_on:
            task.cancel()
        _, going_on = await asyncio.wait(going_on, timeout=CANCEL_TASKS_SECONDS)
