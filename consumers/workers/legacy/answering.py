"""Sends the answers of turns to the interface processes: one message for each process, as many answers as are ready."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from consumers.workers.legacy.turn import act_size
from proj.layer.messages import Turn, TurnAnswer, TurnAnswers
from proj.layer.names import socket_of
from proj.layer.publish import REDIS_TIMEOUT_SECONDS
from proj.layer.turns import aenqueue
from proj.metrics.definitions import UNPUBLISHED

logger = logging.getLogger(__name__)

ANSWER_RETRY_SECONDS = 0.5
UNHEARD_SECONDS = 5.0  # an interface process that received nothing for so long has ended
MAX_MESSAGE_ANSWERS = 500
BATCH_ANSWER_BYTES = 256 * 1024


class Answering:
    """One send is in flight; the answers that come up meanwhile are the next batch. During an outage they wait."""

    def __init__(self) -> None:
        self._layer: Any = get_channel_layer()
        self._waiting: deque[TurnAnswer] = deque()
        self._queued: list[Turn] = []
        self._sending: asyncio.Task[None] | None = None

    def put(self, answers: Sequence[TurnAnswer], queued: Sequence[Turn]) -> None:
        """Send the parts of an answer, and messages for own channels."""
        self._waiting += [answer for answer in answers if answer.process or answer.acts]
        self._queued += queued
        if self._sending is None or self._sending.done():
            self._sending = asyncio.ensure_future(self._send())

    async def empty(self) -> None:
        """Wait until every answer was received."""
        if self._sending is not None:
            await self._sending

    def unsent(self) -> Iterable[TurnAnswer]:
        """Return the answers that wait: their turns still belong to this worker."""
        return list(self._waiting)

    async def _send(self) -> None:
        await asyncio.sleep(0)
        while self._waiting or self._queued:
            answers = list(self._waiting)[:MAX_MESSAGE_ANSWERS]
            for message in messages_of(answers):
                await self._outlast(message)
            for _ in answers:
                self._waiting.popleft()
            queued, self._queued = self._queued, []
            if queued:
                await aenqueue(queued)

    async def _outlast(self, message: TurnAnswers) -> None:
        """Send until the message was received, or its process is gone."""
        unheard_until = time.monotonic() + UNHEARD_SECONDS
        while True:
            try:
                async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                    received = await self._layer.receivers(message)
            except (RedisError, OSError, TimeoutError) as error:
                logger.warning("answers wait: Redis is away: %r", error)
                unheard_until = time.monotonic() + UNHEARD_SECONDS
            except Exception:
                UNPUBLISHED.inc()
                logger.exception("could not send the answers of %d turns", len(message.answers))
                return
            else:
                if received or not any(answer.process for answer in message.answers):
                    return  # without a socket of such code in any process, nobody listens to groups
                if time.monotonic() > unheard_until:
                    UNPUBLISHED.inc()
                    logger.info("no interface process received the answers of %d turns", len(message.answers))
                    return
            await asyncio.sleep(ANSWER_RETRY_SECONDS)


def messages_of(answers: Iterable[TurnAnswer]) -> list[TurnAnswers]:
    """Return answers by receiver, in their order. Answers that act beyond their own process go to all."""
    found: dict[str, list[TurnAnswer]] = {}
    for answer in answers:
        found.setdefault(_receiver(answer), []).append(answer)
    messages: list[TurnAnswers] = []
    for process, some in found.items():
        for batch in _batches(some):
            messages.append(TurnAnswers(batch, process))
    return messages


def _receiver(answer: TurnAnswer) -> str:
    """Return the process that carries out the whole answer; empty: all of them."""
    for act in answer.acts:
        if act.verb == "group":
            return ""
        try:
            process, _ = socket_of(act.to)
        except ValueError:
            continue
        if process != answer.process:
            return ""
    return answer.process


def _batches(answers: Sequence[TurnAnswer]) -> Iterable[list[TurnAnswer]]:
    batch: list[TurnAnswer] = []
    size = 0
    for answer in answers:
        own = answer_size(answer)
        if batch and size + own > BATCH_ANSWER_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(answer)
        size += own
    yield batch


def answer_size(answer: TurnAnswer) -> int:
    """Return about how many bytes the answer has in a message."""
    return sum(act_size(act) for act in answer.acts) + len(answer.session or "") + 200
