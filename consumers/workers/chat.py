"""The chat worker: stores batches of commands, then publishes the new events."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from consumers.workers.base import WorkerConsumer
from proj.layer.messages import ActivityUpdate, ChatBatch, GroupMessage, SocketReplies
from proj.layer.publish import apublish
from proj.metrics.definitions import RECEIVE_TO_COMMIT, REFUSALS, UNPUBLISHED, UNREADABLE
from proj.monotonic import NEVER
from proj.rooms.log import writing
from proj.rooms.log.activity import ActivityDigest
from proj.rooms.log.commands import Command, Outcome, Refusal, Repeated, Written
from proj.rooms.log.frames import encoded

logger = logging.getLogger(__name__)

MAX_REPLIES = 1000  # in a layer message, well within its bound
ACTIVITY_INTERVAL_SECONDS = 0.25  # between two activity updates, at least
ACTIVITY_DELAY_SECONDS = 0.75  # of an update, at most; within it, the update joins a batch that is published anyway


@dataclass(frozen=True, slots=True)
class Request:
    """A command, and the socket that waits for its answer."""

    command: Command
    process: str
    socket: int
    received: float = 0.0  # wall-clock seconds of the interface process; 0: unknown


class ChatWorker(WorkerConsumer):
    """Writes batches of commands to the rooms' logs. It acknowledges a command after its commit, never before."""

    reads = (ChatBatch,)
    max_messages = 64
    pause = 0.003

    def __init__(self) -> None:
        super().__init__()
        self._activity = ActivityDigest()
        self._updated_at = NEVER  # monotonic seconds of the last activity update
        self._stopping = False
        self._delayed: asyncio.TimerHandle | None = None

    def unpacked(self, message: ChatBatch) -> Sequence[Request]:
        received = message.received or [0.0] * len(message.items)
        requests = []
        for (socket, packed), at in zip(message.items, received, strict=True):
            try:
                command = Command.unpacked(packed)
            except ValueError as error:  # of a newer process, perhaps; the commands beside it are good
                UNREADABLE.labels(ChatBatch.CHANNEL).inc()
                logger.error("cannot read a command of %d bytes: %s", len(bytes(packed)), error)
            else:
                requests.append(Request(command, message.process, socket, at))
        return requests

    async def handle(self, items: Sequence[Request]) -> None:
        outcomes = writing.write([request.command for request in items])
        committed = time.time()
        _measure(items, outcomes, committed)
        announcements = writing.announcements(outcomes, [request.received for request in items], committed)
        self._activity.add(outcomes)
        await _publish([*announcements, *_replies(zip(items, outcomes, strict=True)), *self._due_updates()])

    def _due_updates(self) -> list[ActivityUpdate]:
        """Return the activity updates to publish with this batch. Soon after the last update, they wait for another."""
        if not self._activity:
            return []
        if self._stopping or time.monotonic() - self._updated_at >= ACTIVITY_INTERVAL_SECONDS:
            return self._updates()
        if self._delayed is None:
            self._delayed = asyncio.get_running_loop().call_later(ACTIVITY_DELAY_SECONDS, self._publish_updates)
        return []

    def _publish_updates(self) -> None:
        self._publishing = asyncio.ensure_future(_publish(self._updates()))

    def _updates(self) -> list[ActivityUpdate]:
        if self._delayed is not None:
            self._delayed.cancel()
            self._delayed = None
        self._updated_at = time.monotonic()
        return self._activity.pop()

    async def live(self, stopping: asyncio.Event) -> None:
        """Publish the last activity when the worker stops."""
        await stopping.wait()
        self._stopping = True
        if self._activity:
            await _publish(self._updates())

    async def set_aside(self, item: Request) -> None:
        failed = Refusal("internal", "This could not be stored; it was reported.")
        await _publish(_replies([(item, failed)]))


async def _publish(messages: Sequence[GroupMessage]) -> None:
    if not await apublish(messages):
        UNPUBLISHED.inc(len(messages))


def _measure(requests: Sequence[Request], outcomes: Sequence[Outcome], committed: float) -> None:
    """Record the time between arrival and commit of each new event."""
    for request, outcome in zip(requests, outcomes, strict=True):
        if isinstance(outcome, Written) and request.received:
            RECEIVE_TO_COMMIT.observe(max(0.0, committed - request.received))


def _replies(answered: Iterable[tuple[Request, Outcome]]) -> list[SocketReplies]:
    """Return the replies to single sockets: acknowledgements of repeated commands, and refusals."""
    replies: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for request, outcome in answered:
        frame = _reply(request.command, outcome)
        if frame:
            replies[request.process].append((request.socket, frame))
    return [
        SocketReplies(replies=frames[start : start + MAX_REPLIES], process=process)
        for process, frames in replies.items()
        for start in range(0, len(frames), MAX_REPLIES)
    ]


def _reply(command: Command, outcome: Outcome) -> str:
    """Return the frame that answers the command; an empty string when its event does so."""
    match outcome:
        case Repeated():
            return encoded({"type": "ack", "client_id": command.client_id, "seq": outcome.seq})
        case Refusal():
            REFUSALS.labels(outcome.code).inc()
            detail = {"code": outcome.code, "detail": outcome.detail, "client_id": command.client_id}
            return encoded({"type": "error", **detail})
        case _:
            return ""
