"""The chat worker: stores what people said, then lets everyone hear it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from consumers.workers.base import WorkerConsumer
from proj.layer.names import interface_group
from proj.layer.publish import apublish
from proj.rooms import log
from proj.rooms.commands import Command, Outcome, Refusal, Repeated
from proj.rooms.frames import encoded

PORTION = 1000  # replies in a layer message, well within its bound


@dataclass(frozen=True, slots=True)
class Said:
    """A command, and the socket that waits for its answer."""

    command: Command
    process: str
    socket: int


class ChatWorker(WorkerConsumer):
    """Writes batches of commands to the rooms' logs. Acknowledged is only what was committed."""

    most_messages = 64
    pause = 0.005

    def unpacked(self, message: dict[str, Any]) -> Sequence[Said]:
        if message["type"] != "chat.batch":
            raise ValueError(f"unknown type {message['type']!r}")
        process = str(message["process"])
        return [Said(Command.unpacked(packed), process, int(socket)) for socket, packed in message["items"]]

    async def handle(self, items: Sequence[Said]) -> None:
        outcomes = log.write([said.command for said in items])
        await apublish([*log.announcements(outcomes), *_replies(zip(items, outcomes, strict=True))])

    async def set_aside(self, item: Said) -> None:
        failed = Refusal("internal", "This could not be stored; it was reported.")
        await apublish(_replies([(item, failed)]))


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
        return {"type": "error", "code": outcome.code, "detail": outcome.detail, "client_id": command.client_id}
    return None
