"""Questions to the database that many sockets ask at the same moment: gathered, and answered together.

While one batch is being answered the next one gathers, so a single question does not wait, and a thousand browsers
that come back at once need some dozens of reads.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from consumers.interface.support.database import ask

Q = TypeVar("Q")
A = TypeVar("A")

BATCH_QUESTIONS = 100


class Gathering(Generic[Q, A]):
    """Calls `answer` with many questions. It returns one answer for each; an exception among them is raised."""

    def __init__(self, answer: Callable[[Sequence[Q]], Sequence[A | Exception]]) -> None:
        self._answer = answer
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        """Return the answer to one question."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._work())
        return await future

    async def _work(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH_QUESTIONS, len(self._waiting)))]
            try:
                answers: Sequence[A | Exception] = await ask(partial(self._answer, [question for question, _ in batch]))
            except Exception as error:
                answers = [error] * len(batch)
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():
                    continue  # the socket was closed meanwhile
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)
