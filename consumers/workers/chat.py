"""The chat worker: stores what people said, then lets everyone hear it."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from consumers.workers.base import WorkerConsumer
from proj.layer.names import interface_group
from proj.layer.publish import apublish
from proj.metrics.definitions import RECEIVE_TO_COMMIT, REFUSALS, UNPUBLISHED
from proj.monotonic import NEVER
from proj.rooms.log import writing
from proj.rooms.log.commands import Command, Outcome, Refusal, Repeated, Written
from proj.rooms.log.frames import encoded
from proj.rooms.log.news import News

PORTION = 1000  # replies in a layer message, well within its bound
NEWS = 0.25  # seconds between two times that people elsewhere are told, at least
LATEST = 0.75  # seconds that they wait, at most: till then what is news goes with a batch that is published anyway


@dataclass(frozen=True, slots=True)
class Said:
    """A command, and the socket that waits for its answer."""

    command: Command
    process: str
    socket: int
    received: float = 0.0  # wall-clock seconds of the interface process; 0: nobody knows


class ChatWorker(WorkerConsumer):
    """Writes batches of commands to the rooms' logs. Acknowledged is only what was committed."""

    most_messages = 64
    pause = 0.003

    def __init__(self) -> None:
        super().__init__()
        self._news = News()
        self._told = NEVER  # monotonic seconds
        self._stopping = False
        self._later: asyncio.TimerHandle | None = None

    def unpacked(self, message: dict[str, Any]) -> Sequence[Said]:
        if message["type"] != "chat.batch":
            raise ValueError(f"unknown type {message['type']!r}")
        process = str(message["process"])
        items = message["items"]
        received = message.get("received") or [0.0] * len(items)  # an older interface process does not say
        return [
            Said(Command.unpacked(packed), process, int(socket), float(at))
            for (socket, packed), at in zip(items, received, strict=True)
        ]

    async def handle(self, items: Sequence[Said]) -> None:
        outcomes = writing.write([said.command for said in items])
        committed = time.time()
        oldest = _timed(items, outcomes, committed)
        announced = writing.announcements(outcomes)
        for _, message in announced:
            if message["type"] == "room.frames":
                message["times"] = [oldest[message["room"]], committed]
        self._news.add(outcomes)
        await _publish([*announced, *_replies(zip(items, outcomes, strict=True)), *self._due()])

    def _due(self) -> list[tuple[str, dict[str, Any]]]:
        """What people elsewhere are told with this batch; soon after the last time it waits for another."""
        if not self._news:
            return []
        if self._stopping or time.monotonic() - self._told >= NEWS:
            return self._all_news()
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(LATEST, self._tell)
        return []

    def _tell(self) -> None:
        self._telling = asyncio.ensure_future(_publish(self._all_news()))

    def _all_news(self) -> list[tuple[str, dict[str, Any]]]:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        self._told = time.monotonic()
        return self._news.told()

    async def live(self, stopping: asyncio.Event) -> None:
        """Tell the last of it when the worker stops."""
        await stopping.wait()
        self._stopping = True
        if self._news:
            await _publish(self._all_news())

    async def set_aside(self, item: Said) -> None:
        failed = Refusal("internal", "This could not be stored; it was reported.")
        await _publish(_replies([(item, failed)]))


async def _publish(told: list[tuple[str, dict[str, Any]]]) -> None:
    if not await apublish(told):
        UNPUBLISHED.inc(len(told))


def _timed(items: Sequence[Said], outcomes: Sequence[Outcome], committed: float) -> dict[int, float]:
    """Note how long each new event took to be stored; for each room, when the oldest of them was received."""
    oldest: dict[int, float] = {}
    for said, outcome in zip(items, outcomes, strict=True):
        if isinstance(outcome, Written):
            if said.received:
                RECEIVE_TO_COMMIT.observe(max(0.0, committed - said.received))
            oldest[outcome.room] = min(oldest.get(outcome.room, committed), said.received)
    return oldest


def _replies(answered: Any) -> list[tuple[str, dict[str, Any]]]:
    """What single sockets are told: that their command was done before, or is refused."""
    replies: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for said, outcome in answered:
        frame = _reply(said.command, outcome)
        if frame:
            replies[said.process].append((said.socket, encoded(frame)))
    return [
        (interface_group(process), {"type": "socket.replies", "replies": frames[start : start + PORTION]})
        for process, frames in replies.items()
        for start in range(0, len(frames), PORTION)
    ]


def _reply(command: Command, outcome: Outcome) -> dict[str, Any] | None:
    if isinstance(outcome, Repeated):
        return {"type": "ack", "client_id": command.client_id, "seq": outcome.seq}
    if isinstance(outcome, Refusal):
        REFUSALS.labels(outcome.code).inc()
        return {"type": "error", "code": outcome.code, "detail": outcome.detail, "client_id": command.client_id}
    return None
