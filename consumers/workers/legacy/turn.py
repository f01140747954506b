"""One turn in a thread of the worker: it calls the consumers, and records what they do."""

import json
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from channels_legacy.asgi import ChannelLayerWrapper
from channels_legacy.delay import handing
from channels_legacy.delay.sending import DELAYED_KEY
from channels_legacy.layers.protocol import Content
from channels_legacy.layers.stack import Session, recording
from channels_legacy.message import Message
from channels_legacy.support.naming import dotted_name
from channels_legacy.worker import Outcome, Performed, perform
from proj.layer.messages import ChannelAct, Turn, TurnAnswer, packed
from proj.layer.names import reply_channel
from proj.metrics.definitions import CONSUMERS

logger = logging.getLogger(__name__)

MAX_SESSION_BYTES = 64 * 1024
MAX_ACT_BYTES = 776 * 1024  # with its names; channels_legacy refuses a content of more than 768 KiB
MAX_TRIES_LATER = 10  # of a message without a socket that its consumer puts off
TRIES_KEY = "__retries__"  # in its content, as Channels 1.x counted them
ANSWER_PART_BYTES = 128 * 1024  # of acts in one part of an answer

_read = msgspec.msgpack.Decoder().decode
_write_session = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class RunningTurn:
    """The recorder of one turn. The worker's event loop may take a part of the answer while the turn goes on."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.name = reply_channel(turn.process, turn.socket) if turn.process else ""
        self.started_at = time.monotonic()
        self._queued: list[Turn] = []
        self.consumer = ""
        self.slow = False  # it has another thread in its place
        self.delayed = 0  # the number of the delayed message in hand; 0: none
        self._failed = False
        self._acts: list[ChannelAct] = []
        self._memberships: dict[tuple[str, str], bool] = {}  # by group and channel: added, or discarded
        self._session = turn.session
        self._session_changed = False
        self._later = -1
        self._part = 0
        self._lock = threading.Lock()

    # called by the code's thread

    def run(self, wrapper: ChannelLayerWrapper) -> None:
        """Call the consumer of each message. Nothing that a consumer does is raised."""
        with recording(self):
            for index, raw in enumerate(self.turn.contents):
                try:
                    performed = self._perform(_read(raw), wrapper)
                except BaseException:
                    CONSUMERS.labels("failed").inc()
                    self._failed = True
                    logger.exception("channel %s: cannot run a message", self.turn.channel)
                    continue
                if performed is None:
                    continue
                self.consumer = performed.consumer or ""
                CONSUMERS.labels(str(performed.outcome)).inc()
                self._failed |= performed.outcome == Outcome.FAILED
                if performed.outcome == Outcome.LATER and not self.delayed:
                    self._later = index
                    return

    def _perform(self, content: Content, wrapper: ChannelLayerWrapper) -> Performed | None:
        """Perform a message; return None for a delayed one that was handed over twice. Raise database errors."""
        self.delayed = content.pop(DELAYED_KEY, 0)
        if not self.delayed:
            return perform(self.turn.channel, content, wrapper)
        if not handing.begin(self.delayed):
            return None
        performed = perform(self.turn.channel, content, wrapper)
        if performed.outcome == Outcome.LATER:
            handing.put_off(self.delayed)
        else:
            handing.end(self.delayed)
        return performed

    def act(self, act: ChannelAct) -> None:
        if act_size(act) > MAX_ACT_BYTES:
            raise ValueError(f"a message of {act_size(act)} bytes to {act.to}; at most {MAX_ACT_BYTES} are carried")
        with self._lock:
            self._acts.append(act)
        if act.verb in ("add", "discard"):
            self._memberships[act.name, act.to] = act.verb == "add"

    def enqueue(self, turn: Turn) -> None:
        with self._lock:
            self._queued.append(turn)

    def session(self) -> Session:
        return json.loads(self._session) if self._session else {}

    def memberships(self, group: str) -> dict[str, bool]:
        return {channel: added for (name, channel), added in self._memberships.items() if name == group}

    def save_session(self, data: Mapping[str, Any]) -> None:
        text = _write_session(data) if data else ""
        if len(text.encode()) > MAX_SESSION_BYTES:
            raise ValueError(f"a channel session of {len(text)} characters; a socket's session holds 64 KiB")
        self._session, self._session_changed = text, True

    # called by the event loop

    def consumer_name(self, wrapper: ChannelLayerWrapper) -> str:
        """Return the dotted name of the consumer that the turn's first message is routed to, for the log."""
        message = Message(_read(self.turn.contents[0]), self.turn.channel, wrapper)
        try:
            match = wrapper.router.match(message)
        except Exception:
            match = None  # a consumer's own filter raised; the turn's thread logs it
        return dotted_name(match[0]) if match is not None else "its consumer"

    @property
    def has_part(self) -> bool:
        """Whether there is something to send before the turn is done."""
        return bool(self._acts or self._queued)

    def answers(self, *, done: bool) -> list[TurnAnswer]:
        """Take the acts since the last answer: one part of the turn's answer, or more of them if they are long."""
        with self._lock:
            acts, self._acts = self._acts, []
        parts = list(_cut(acts))
        return [self._answer(part, done=False) for part in parts[:-1]] + [self._answer(parts[-1], done=done)]

    def postponed(self) -> Turn | None:
        """Return the rest of a turn without a socket that its consumer put off; None when there is none."""
        if self._later < 0 or self.turn.process:
            return None  # the interface process of a socket keeps what is put off
        first, *others = self.turn.contents[self._later :]
        content = _read(first)
        content[TRIES_KEY] = tries = content.get(TRIES_KEY, 0) + 1
        if tries > MAX_TRIES_LATER:
            logger.warning("gave up a message on %s that was put off %d times", self.turn.channel, MAX_TRIES_LATER)
            return None
        return Turn(channel=self.turn.channel, contents=[packed(content), *others])

    def take_queued(self) -> list[Turn]:
        """Take the messages for own channels."""
        with self._lock:
            queued, self._queued = self._queued, []
        return queued

    def _answer(self, acts: list[ChannelAct], *, done: bool) -> TurnAnswer:
        self._part += 1
        turn = self.turn
        return TurnAnswer(
            acts,
            *(turn.process, turn.socket, turn.turn, self._part),
            done=done,
            session=self._session if done and self._session_changed else None,
            later=self._later if done else -1,
            consumer=self.consumer,
            failed=self._failed,
        )


def act_size(act: ChannelAct) -> int:
    """Return about how many bytes the act has in a message."""
    return len(memoryview(act.content)) + len(act.to) + len(act.name) + 50


def _cut(acts: list[ChannelAct]) -> Iterator[list[ChannelAct]]:
    part: list[ChannelAct] = []
    size = 0
    for act in acts:
        size += act_size(act)
        if part and size > ANSWER_PART_BYTES:
            yield part
            part, size = [], act_size(act)
        part.append(act)
    yield part
