"""The output of runs as streams. A position is a number of bytes; a run has one generation only.

A message of a worker carries new output while there is little of it, and otherwise says only how far it goes. A
follower that cannot keep up skips ahead, and is sent the bounds of the part that it skipped.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from consumers.interface.feeds.feed import NOT_STARTED, Feed, Follower
from consumers.interface.feeds.open_feeds import OpenFeeds
from consumers.interface.feeds.stream import Head, Pacing, Piece, Place, Source, StreamGone
from consumers.interface.support.database import ask
from consumers.interface.support.subscriptions import Subscriptions
from consumers.interface.support.tasks import Tasks
from consumers.interface.transport.frame import Frame
from proj.layer import messages
from proj.layer.names import run_group
from proj.monotonic import NEVER
from proj.runs.models import Run
from proj.runs.output import reading
from proj.runs.output.decoding import text
from proj.runs.publishing import frames
from proj.runs.publishing.frames import RunState
from proj.runs.states import ENDED, State

OUTPUT_READ_BYTES = 64 * 1024  # of output at once
MAX_BEHIND_BYTES = 1024 * 1024  # behind the end, above which a follower skips ahead
TAIL_BYTES = 128 * 1024  # before the end: where a follower begins, or goes on after it skipped
STATE_REPEAT_SECONDS = 20.0  # after which the state of a run is sent again, so that silence is no sign of a lost run
END_SECONDS = 1.0  # that a socket stays with a run that is over when the next one has started
END_POLL_SECONDS = 0.01
TICKING = ("duration",)  # fields of a state that differ each time it is read, and are no news


@dataclass(frozen=True, slots=True)
class RunHead(Head):
    """The end of a run's output, and the state of the run."""

    state: RunState | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """A run's state, and where a viewer begins: an offset, and the line there (None: the viewer knows the line)."""

    state: RunState
    offset: int
    line: int | None


class RunSource(Source):
    """The output of runs in the database."""

    pacing = Pacing(
        pause_seconds=0.05,  # 1.3 MB/s for one socket; nobody reads faster
        max_waiting=256 * 1024,
        max_behind=MAX_BEHIND_BYTES,
        skip_seconds=0.5,  # nobody could read the output in between, and sending it costs the chat
        kept_reads=16,
    )

    def group(self, key: str) -> str:
        return run_group(key)

    def heads(self, keys: Sequence[str]) -> Mapping[str, RunHead]:
        runs = list(Run.objects.filter(pk__in=list(keys)).select_related("service", "person"))
        return {
            str(run.pk): RunHead(run.bytes, state=state) for run, state in zip(runs, frames.watched(runs), strict=True)
        }

    def after(self, key: str, position: int) -> list[Piece]:
        run = Run.objects.select_related("service").filter(pk=key).first()
        if run is None:
            return []
        data, end = reading.after(run, position, OUTPUT_READ_BYTES)
        return [output_piece(position, end, text(data, run.service.encoding))] if data else []

    def tail(self, key: str, end: int) -> Place:
        return Place(*reading.place(_run(key), max(0, end - TAIL_BYTES)))

    def skipped(self, position: int, place: Place) -> Frame:
        return Frame.of({"type": "skipped", "offset": position, "to": place.position, "line": place.line})

    def opening(self, key: str, offset: int | None) -> Opening:
        """Return where a viewer with `offset` bytes begins: there, or near the end when that is far away, or None.

        Raises StreamGone.
        """
        run = _run(key)
        (state,) = frames.watched([run])
        if offset is not None and run.bytes - MAX_BEHIND_BYTES <= offset <= run.bytes:
            return Opening(state, offset, None)
        return Opening(state, *reading.place(run, max(0, run.bytes - TAIL_BYTES)))


class RunFeed(Feed):
    """A run that is open in this process: its output, and its state."""

    __slots__ = ("_state_sent_at", "state")

    def __init__(self, key: str, source: Source, tasks: Tasks) -> None:
        super().__init__(key, source, tasks)
        self.state: RunState | None = None
        self._state_sent_at = NEVER  # seconds of the monotonic clock

    @property
    def over(self) -> bool:
        return self.state is not None and self.state["state"] in ENDED and self.end >= self.state["bytes"]

    def polled(self, head: Head, before: int) -> None:
        if isinstance(head, RunHead) and head.state is not None:
            self.update(head.state)

    def update(self, state: RunState) -> None:
        """Take a newer state of the run, and send it to the followers if there is news in it."""
        if is_older(state, self.state):
            return
        news = is_news(self.state, state)
        self.state = state
        self.end = max(self.end, state["bytes"])
        self.fill()
        if news or time.monotonic() - self._state_sent_at >= STATE_REPEAT_SECONDS:
            self._state_sent_at = time.monotonic()
            frame = Frame.of({"type": "state", "run": state})
            for follower in self.followers:
                if follower.position != NOT_STARTED:
                    follower.outlet.write(frame)

    def finished(self, position: int) -> bool:
        """Return whether a follower at `position` needs nothing more at once: it has all, or the run is running."""
        return self.state is not None and (self.state["state"] not in ENDED or position >= self.end)


class Viewing:
    """Shows runs to followers, and brings them the messages about their runs."""

    def __init__(self, subscriptions: Subscriptions, tasks: Tasks) -> None:
        self._source = RunSource()
        self.feeds: OpenFeeds[str, RunFeed] = OpenFeeds(RunFeed, self._source, subscriptions, tasks)

    async def begin(self, key: str, follower: Follower, offset: int | None, *, switched: bool = False) -> None:
        """Show a run from `offset` on (None: its last part). Raise StreamGone.

        `switched`: another run of the service was shown before.
        """
        feed = await self.feeds.follow(key, follower)
        opening = await ask(partial(self._source.opening, key, offset))
        feed.update(opening.state)  # the other followers may not have received this state yet
        if follower.feed is not feed:
            return  # the socket has closed, or shows another run
        feed.begin(Head(opening.state["bytes"]))
        follower.position = opening.offset
        place = {"offset": opening.offset, "line": opening.line}
        follower.outlet.send(type="run", switched=switched, run=feed.state, **place)
        feed.catch_up(follower)

    async def wait_for_end(self, follower: Follower) -> None:
        """Wait until `follower` was sent the end of a run that is over, at most END_SECONDS."""
        deadline = time.monotonic() + END_SECONDS
        while isinstance(feed := follower.feed, RunFeed) and time.monotonic() < deadline:
            if feed.finished(follower.position):
                return
            await asyncio.sleep(END_POLL_SECONDS)

    def deliver(self, message: messages.RunOutput | messages.RunState) -> None:
        """Bring new output, or a new state, to the followers of the run."""
        match message:
            case messages.RunOutput():
                if feed := self.feeds.open.get(message.run):
                    pieces = [output_piece(chunk.offset, chunk.end, chunk.text) for chunk in message.chunks]
                    feed.arrived(pieces, message.bytes)
                    feed.fill()
            case messages.RunState():
                if feed := self.feeds.open.get(message.state["run"]):
                    feed.update(cast(RunState, message.state))


def output_piece(offset: int, end: int, output: str) -> Piece:
    """Return the piece of a run's output between two offsets."""
    return Piece(offset, end, Frame.of({"type": "output", "offset": offset, "end": end, "text": output}))


def is_older(state: RunState, known: RunState | None) -> bool:
    """Return whether `state` was read, or sent, before `known`: no run is queued again, or runs after its end."""
    return known is not None and stage(state) < stage(known)


def is_news(known: RunState | None, state: RunState) -> bool:
    """Return whether `state` differs from `known` by more than time that has passed."""
    return known is None or any(value != known.get(name) for name, value in state.items() if name not in TICKING)


def stage(state: RunState) -> int:
    """Return how far a run has come: 0 while it is queued, 1 while it is running, 2 after its end."""
    return 2 if state["state"] in ENDED else int(state["state"] != State.QUEUED)


def _run(key: str) -> Run:
    run = Run.objects.select_related("service", "person").filter(pk=key).first()
    if run is None:
        raise StreamGone
    return run
