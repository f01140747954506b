"""One way to follow a stream: a room's log, numbered by event, or a run's output, numbered by byte.

A stream has a head. Its followers have positions in it. Messages of the layer bring its newest pieces, or only say how
far it goes; a poll mends lost messages. Missing pieces are read from the database, once for all followers that stand
at the same position.

`Feed` and `Follower` know nothing of rooms and runs: a `Source` (see stream.py) reads one kind of stream.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from django.db import Error as DatabaseError

from consumers.interface.feeds.stream import Head, Pacing, Piece, Place, Source, StreamGone
from consumers.interface.support.database import ask
from consumers.interface.support.tasks import Tasks
from consumers.interface.transport.frame import Frame
from consumers.interface.transport.line import SLICE_SOCKETS
from consumers.interface.transport.outlet import Outlet
from proj.monotonic import NEVER

GAP_WAIT_SECONDS = 0.1  # that a piece waits for one before it that may be on its way
NOT_STARTED = -1  # the position of a follower that was sent nothing yet


class Follower:
    """One socket's position in a feed, and the live pieces that are held back while it catches up.

    A follower follows one feed in its life; a socket that goes over to another stream makes another follower.
    """

    __slots__ = ("feed", "held", "line", "outlet", "plain", "position", "reading")

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        self.line = outlet.line  # these two are the outlet's: a delivery reads them once per socket
        self.plain = outlet.plain
        self.feed: Feed | None = None
        self.position = NOT_STARTED  # everything before it was written
        self.held: list[Piece] | None = []  # None: the follower is live
        self.reading = False  # it is catching up by reads of its own

    def hold(self) -> None:
        """Hold live pieces back until release()."""
        if self.held is None:
            self.held = []

    def release(self) -> None:
        """Become live: the pieces that were held back follow."""
        held, self.held = self.held or [], None
        self.take(held)

    def take(self, pieces: Iterable[Piece]) -> None:
        """Write live pieces, or hold them back. A follower that misses a piece, or is slow, begins to catch up."""
        feed = self.feed
        pacing = None if feed is None else feed.source.pacing
        if self.held is not None:
            if pacing is None:  # a paced stream may be long: its followers read it later instead
                self.held += pieces
            return
        for piece in pieces:
            if piece.end <= self.position:
                continue
            if piece.start != self.position or (pacing is not None and self.line.waiting > pacing.max_waiting):
                if feed is not None:
                    feed.catch_up(self)
                return
            self._write(piece)

    def replay(self, pieces: Iterable[Piece]) -> None:
        """Write pieces that were read for this follower, unless they were written meanwhile."""
        for piece in pieces:
            if piece.start >= self.position:
                self._write(piece)

    def skip(self, frame: Frame, position: int) -> None:
        """Go on from `position`, and write the frame that says so."""
        self.outlet.write(frame)
        self.position = position

    def _write(self, piece: Piece) -> None:
        self.position = piece.end
        if self.plain:
            self.outlet.write(piece.frame)
        else:
            self.line.write(piece.frame)


class Feed:
    """One open stream in this process: it delivers pieces to its followers in order, without a hole or a repeat.

    Two processes may publish 5 and 6 the wrong way round, or 5 may be lost: a piece ahead waits for the one before it.
    """

    __slots__ = (
        *("_filling", "_reads", "_tail", "_tail_until", "_tasks"),
        *("ahead", "end", "followers", "generation", "group", "head", "key", "source"),
    )

    def __init__(self, key: Any, source: Source, tasks: Tasks) -> None:
        self.key = key
        self.source = source
        self.group = source.group(key)
        self.head: int | None = None  # delivered to the live followers; None until a follower has read the stream
        self.generation = ""
        self.end = 0  # the stream goes so far, as far as this process knows
        self.followers: set[Follower] = set()
        self.ahead: dict[int, Piece] = {}  # pieces that are not delivered yet, by their start
        self._tasks = tasks
        self._filling = False
        self._reads: dict[int, asyncio.Future[list[Piece]]] = {}
        self._tail: asyncio.Future[Place] | None = None
        self._tail_until = NEVER  # seconds of the monotonic clock

    @property
    def behind(self) -> bool:
        """Whether the stream goes further than the live followers were sent."""
        return self.head is not None and self.end > self.head

    @property
    def over(self) -> bool:
        """Whether the stream will not grow any more: polls leave it out."""
        return False

    # delivery

    def arrived(self, pieces: Iterable[Piece], end: int = 0) -> None:
        """Deliver pieces that a message or a read has brought. They may come in any order, and more than once.

        `end`: the stream is known to go so far, whether or not the pieces do.
        """
        head = self.head
        for piece in pieces:
            if (head is None or piece.start >= head) and piece.end > piece.start:
                self.ahead[piece.start] = piece
            end = max(end, piece.end)
        self.end = max(self.end, end)
        self._deliver()

    def _deliver(self) -> None:
        """Write the pieces after the head to every live follower: all at once, as each socket lies elsewhere in memory.

        This is the hot path: in a room that all pieces reach in order, a delivery is one pass over the sockets.
        """
        head = first = self.head
        if head is None or first is None:
            return
        pieces = []
        while (piece := self.ahead.pop(head, None)) is not None:
            head = piece.end
            pieces.append(piece)
        if not pieces:
            return
        self._move_head(head)
        if self.source.pacing is not None or len(self.followers) > SLICE_SOCKETS:
            # In a very large room the lines are flushed in slices, so that other work of the process has its turn.
            for follower in self.followers:
                follower.take(pieces)
            return
        frames = [piece.frame for piece in pieces]
        wire = b"".join([frame.wire for frame in frames])
        for follower in self.followers:
            if follower.position == first and follower.held is None and not follower.plain:
                follower.position = head
                follower.line.write_now(frames, wire)
            else:
                follower.take(pieces)

    def broadcast(self, frame: Frame) -> None:
        """Write a transient frame to every live follower that speaks the protocol."""
        for follower in self.followers:
            if follower.held is None and not follower.plain:
                follower.line.write(frame)

    def begin(self, head: Head) -> None:
        """A follower has read the stream up to `head`. The first one says where this feed begins."""
        if self.head is None:
            self.generation = head.generation
            self._move_head(head.position)
            self._deliver()

    def begin_anew(self, head: Head) -> None:
        """Go on with another stream of the same key. Followers that catch up read it anyway; the others are reset."""
        self.generation, self.ahead = head.generation, {}
        self.head = self.end = head.position
        frame = self.source.reset(head)
        for follower in self.followers:
            if follower.held is None:
                follower.skip(frame, head.position)

    def _move_head(self, position: int) -> None:
        self.head = position
        self.end = max(self.end, position)
        if self.ahead:
            self.ahead = {start: piece for start, piece in self.ahead.items() if start >= position}

    # catching up

    def polled(self, head: Head, before: int) -> None:
        """The database had `head` when this feed had delivered up to `before`, or further."""
        if self.head is None:
            return
        if head.generation != self.generation or head.position < before:
            self.begin_anew(head)
        else:
            self.end = max(self.end, head.position)

    async def resume(self, follower: Follower, head: Head, pieces: Sequence[Piece], *, reset: bool = False) -> None:
        """Write pieces up to `head` that were read for `follower`, and make it live. Raise StreamGone.

        `reset`: its page cannot go on from where it was, and begins anew at `head`.
        """
        if reset:
            follower.outlet.write(self.source.reset(head))
        if pieces:
            follower.position = pieces[0].start
            follower.replay(pieces)
        self.begin(head)
        if head.generation != self.generation:  # the stream was replaced while the follower read it
            heads = await ask(partial(self.source.heads, [self.key]))
            if self.key not in heads:
                raise StreamGone
            head = heads[self.key]
            if head.generation != self.generation:
                self.begin_anew(head)
            follower.outlet.write(self.source.reset(head))
        follower.position = head.position
        follower.reading = True
        await self._catch_up(follower)

    def catch_up(self, follower: Follower) -> None:
        """Read the pieces that `follower` lacks, as fast as it takes them, and make it live."""
        if not follower.reading:
            follower.reading = True
            follower.hold()
            self._tasks.spawn(self._catch_up(follower))

    async def _catch_up(self, follower: Follower) -> None:
        pacing, generation = self.source.pacing, self.generation
        try:
            while follower.feed is self and self.generation == generation and self._lacks(follower):
                if not await self._advance(follower, pacing):
                    return
                if pacing is not None:
                    await asyncio.sleep(pacing.pause_seconds)
        finally:
            if follower.feed is self:
                follower.reading = False
                if self.generation != generation and self.head is not None:  # begin_anew() left this follower out
                    follower.held = []
                    follower.skip(self.source.reset(Head(self.head, self.generation)), self.head)
                follower.release()

    async def _advance(self, follower: Follower, pacing: Pacing | None) -> bool:
        """Bring `follower` one read further, unless its browser is slow; return False when there is nothing to read."""
        if pacing is not None:
            if follower.line.waiting > pacing.max_waiting:
                return True
            if self.end - follower.position > pacing.max_behind:
                place = await self._skip_place(pacing)
                if follower.feed is not self:
                    return False
                if place.position <= follower.position:
                    return True  # the follower has skipped there already, and skips again in a moment
                follower.skip(self.source.skipped(follower.position, place), place.position)
        pieces = await self._read(follower.position)
        if pieces and follower.feed is self:
            follower.replay(pieces)
        return bool(pieces)

    def _lacks(self, follower: Follower) -> bool:
        """Return whether `follower` must read before the pieces that it holds can follow."""
        if follower.held and follower.held[0].start <= follower.position:
            return False
        return follower.position < self.end

    def fill(self) -> None:
        """Read the pieces that no message has brought: once for all live followers of a room, by each one of a run."""
        if self.source.pacing is not None:
            for follower in self.followers:
                if follower.held is None and follower.position < self.end:
                    self.catch_up(follower)
            if self.head is not None:
                self._move_head(self.end)
        elif self.behind and not self._filling:
            self._filling = True
            self._tasks.spawn(self._fill())

    async def _fill(self) -> None:
        try:
            if self.ahead:
                await asyncio.sleep(GAP_WAIT_SECONDS)
            while self.head is not None and self.behind and self.followers:
                head, generation = self.head, self.generation
                pieces = await self._read(head)
                if self.generation != generation:
                    return
                missing = [piece for piece in pieces if piece.start >= self.head and piece.start not in self.ahead]
                if missing:
                    self.source.gap_filled(len(missing))
                self.arrived(missing)
                if self.head == head:
                    return  # the database has nothing either
        finally:
            self._filling = False

    # reading, once for all followers at the same position

    async def _read(self, position: int) -> list[Piece]:
        reading = self._reads.get(position)
        if reading is None:
            reading = asyncio.ensure_future(ask(partial(self.source.after, self.key, position)))
            self._reads[position] = reading
        pieces: list[Piece] = []
        kept = 0 if self.source.pacing is None else self.source.pacing.kept_reads
        try:
            pieces = await asyncio.shield(reading)
        finally:
            if not pieces or not kept:  # the next follower reads again
                self._reads.pop(position, None)
            while len(self._reads) > max(kept, 1):
                del self._reads[next(iter(self._reads))]
        return pieces

    async def _skip_place(self, pacing: Pacing) -> Place:
        if self._tail is None or time.monotonic() > self._tail_until:
            self._tail_until = time.monotonic() + pacing.skip_seconds
            self._tail = asyncio.ensure_future(ask(partial(self.source.tail, self.key, self.end)))
        try:
            return await asyncio.shield(self._tail)
        except DatabaseError:
            self._tail = None  # the next follower reads again
            raise
