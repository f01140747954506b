"""The promise of a feed to its followers, of any kind: every piece once, in order, without a hole."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, cast

import pytest
from django.db import OperationalError

from consumers.interface.chat.presence import FORGET_SECONDS, Presence
from consumers.interface.feeds import feed as module
from consumers.interface.feeds import open_feeds
from consumers.interface.feeds.feed import Feed, Follower
from consumers.interface.feeds.open_feeds import OpenFeeds
from consumers.interface.feeds.rooms import RoomSource, event_piece
from consumers.interface.feeds.runs import RunFeed, RunHead, RunSource, output_piece
from consumers.interface.feeds.stream import Head, Piece, Source
from consumers.interface.support.tasks import Tasks
from consumers.interface.transport.frame import Frame
from consumers.interface.transport.outlet import Outlet
from proj.runs.publishing.frames import RunState


class Socket:
    """A line that remembers the frames that were written, but for the states of runs."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.bursts: list[int] = []  # frames that were written at once
        self.waiting = 0
        self.follower = Follower(Outlet(self, 1, "alice", plain=False))

    def write(self, frame: Frame) -> None:
        if not frame.text.startswith('{"type":"state"'):
            self.texts.append(frame.text)

    def write_now(self, frames: Sequence[Frame], wire: bytes) -> None:
        assert wire == b"".join(frame.wire for frame in frames)
        self.bursts.append(len(frames))
        self.texts += [frame.text for frame in frames]

    def close(self, code: int, reason: str = "") -> None:
        self.texts.append(f"closed {code}")


class Stream(Source):
    """A stream of one kind that lies in memory instead of the database. Its pieces are numbered from 1."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.stored = 0  # pieces
        self.pacing = RoomSource.pacing if kind == "room" else RunSource.pacing
        self.sizes = [1] * 1000 if kind == "room" else [random.Random(3).randint(1, 9) for _ in range(1000)]

    def __repr__(self) -> str:
        return self.kind

    def position(self, number: int) -> int:
        """Return the position behind piece `number`."""
        return sum(self.sizes[:number])

    def piece(self, number: int) -> Piece:
        start, end = self.position(number - 1), self.position(number)
        piece = event_piece(end, str(number)) if self.kind == "room" else output_piece(start, end, str(number))
        assert (piece.start, piece.end) == (start, end)
        return piece

    def text(self, first: int, last: int) -> list[str]:
        """Return the texts of these pieces, as a follower gets them."""
        return [self.piece(number).frame.text for number in range(first, last + 1)]

    def feed(self) -> Feed:
        return Feed(1, self, Tasks()) if self.kind == "room" else RunFeed("1", self, Tasks())

    # a Source

    def group(self, key: object) -> str:
        return f"{self.kind}.{key}"

    def heads(self, keys: Sequence[Any]) -> Mapping[Any, Head]:
        position = self.position(self.stored)
        if self.kind == "room":
            return {key: Head(position, "epoch") for key in keys}
        state = cast(RunState, {"state": "running", "bytes": position})
        return {key: RunHead(position, state=state) for key in keys}

    def after(self, key: object, position: int) -> list[Piece]:
        pieces = [self.piece(number) for number in range(1, self.stored + 1)]
        return [piece for piece in pieces if piece.start >= position]


@pytest.fixture(params=["room", "run"])
def stream(request: pytest.FixtureRequest) -> Stream:
    return Stream(request.param)


@pytest.fixture
def room() -> Stream:
    return Stream("room")


@pytest.fixture
async def asking(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Callable[[], None]]]:
    """Streams in memory are read at once. The functions in the list are called between a read and its answer."""
    between: list[Callable[[], None]] = []

    async def ask(query: Callable[[], Any]) -> Any:
        answer = query()
        await asyncio.sleep(0)
        for call in between:
            call()
        return answer

    for reading in (module, open_feeds):
        monkeypatch.setattr(reading, "ask", ask)
    monkeypatch.setattr(open_feeds, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(module, "GAP_WAIT_SECONDS", 0.0)
    yield between


def live(feed: Feed, position: int) -> Socket:
    """Return a socket with a live follower that was sent everything up to `position`."""
    socket = entering(feed)
    feed.begin(Head(position, "epoch"))
    socket.follower.position = position
    socket.follower.release()
    return socket


def entering(feed: Feed) -> Socket:
    """Return a socket with a follower that holds live pieces back."""
    socket = Socket()
    socket.follower.feed = feed
    feed.followers.add(socket.follower)
    return socket


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - of anything, not of one event
            await asyncio.sleep(0.001)


# of both kinds of streams


def test_pieces_in_the_wrong_order_are_delivered_in_the_right_order(stream: Stream) -> None:
    feed = stream.feed()
    socket = live(feed, stream.position(4))
    feed.arrived([stream.piece(6)])
    assert feed.behind
    assert socket.texts == []
    feed.arrived([stream.piece(5)])
    assert socket.texts == stream.text(5, 6)
    assert not feed.behind


def test_a_piece_that_arrives_twice_is_delivered_once(stream: Stream) -> None:
    feed = stream.feed()
    socket = live(feed, 0)
    for number in (1, 1, 2, 1, 2):
        feed.arrived([stream.piece(number)])
    assert socket.texts == stream.text(1, 2)


@pytest.mark.parametrize("seed", range(60))
def test_any_order_of_arrival_gives_the_same_stream(stream: Stream, seed: int) -> None:
    """Pieces are lost to no order, no repeat, and no batch; followers that come in between get the rest."""
    dice = random.Random(seed)
    feed = stream.feed()
    socket = live(feed, 0)
    arrivals = [number for number in range(1, 30) for _ in range(dice.choice((1, 1, 2, 3)))]
    dice.shuffle(arrivals)
    late: list[tuple[int, Socket]] = []
    while arrivals:
        batch = [arrivals.pop() for _ in range(min(len(arrivals), dice.choice((1, 1, 2, 5))))]
        feed.arrived([stream.piece(number) for number in batch])
        if dice.random() < 0.2 and feed.head is not None:
            known = next(n for n in range(31) if stream.position(n) == feed.head)
            late.append((known, live(feed, feed.head)))
    assert socket.texts == stream.text(1, 29)
    for known, other in late:
        assert other.texts == stream.text(known + 1, 29)


def test_a_follower_that_has_read_further_than_the_feed_gets_no_piece_twice(stream: Stream) -> None:
    feed = stream.feed()
    live(feed, stream.position(1))
    ahead = live(feed, stream.position(3))  # it read 2 and 3 from the database before a message brought them
    for number in (2, 3, 4):
        feed.arrived([stream.piece(number)])
    assert ahead.texts == stream.text(4, 4)


async def test_pieces_from_before_the_first_read_wait(stream: Stream, asking: list[Callable[[], None]]) -> None:
    feed = stream.feed()
    stream.stored = 9
    feed.arrived([stream.piece(8)])
    feed.arrived([stream.piece(9)])
    socket = entering(feed)
    await feed.resume(socket.follower, Head(stream.position(8), "epoch"), [])
    assert socket.texts == stream.text(9, 9)


def test_a_piece_of_no_length_harms_no_other(stream: Stream) -> None:
    feed = stream.feed()
    socket = live(feed, 0)
    feed.arrived([Piece(0, 0, Frame("nothing")), Piece(0, -5, Frame("less")), stream.piece(1)])
    assert socket.texts == stream.text(1, 1)


async def test_pieces_that_arrive_while_the_head_is_read_are_delivered_once(
    stream: Stream, asking: list[Callable[[], None]]
) -> None:
    tasks = Tasks()
    feeds: OpenFeeds[int, Feed] = OpenFeeds(lambda *_: feed, stream, Subscribed(), tasks)  # type: ignore[arg-type]
    feed = stream.feed()
    feeds.open[1] = feed
    socket = live(feed, 0)

    def more() -> None:
        """Three more pieces are stored and delivered between the reading and the comparing."""
        stream.stored += 3
        feed.arrived(stream.after(1, feed.head or 0))

    asking.append(more)
    for _ in range(3):
        await feeds.poll()
    asking.clear()
    assert socket.texts == stream.text(1, 9)


async def test_pieces_that_no_message_brought_are_read(stream: Stream, asking: list[Callable[[], None]]) -> None:
    tasks = Tasks()
    feed = stream.feed()
    feeds: OpenFeeds[int, Feed] = OpenFeeds(lambda *_: feed, stream, Subscribed(), tasks)  # type: ignore[arg-type]
    feeds.open[1] = feed
    socket = live(feed, 0)
    stream.stored = 5
    feed.arrived([stream.piece(5)])
    feed.fill()
    await until(lambda: socket.texts == stream.text(1, 5))
    stream.stored = 7  # no message says so
    await feeds.poll()
    await until(lambda: socket.texts == stream.text(1, 7))


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_is_lost_every_follower_ends_with_the_whole_stream(
    stream: Stream, asking: list[Callable[[], None]], seed: int
) -> None:
    """Messages are lost or late, followers come at any position, browsers are slow, the database refuses reads."""
    dice = random.Random(seed)

    def refuse() -> None:
        if dice.random() < 0.3:
            raise OperationalError("database is locked")

    feed = stream.feed()
    feeds: OpenFeeds[int, Feed] = OpenFeeds(lambda *_: feed, stream, Subscribed(), Tasks())  # type: ignore[arg-type]
    feeds.open[1] = feed
    sockets = [(0, live(feed, 0))]
    late: list[int] = []
    for _ in range(60):
        match dice.randrange(7):
            case 0 | 1:
                stream.stored += 1
                feed.arrived([stream.piece(stream.stored)])
            case 2:
                stream.stored += 1
                late.append(stream.stored)
            case 3 if late:
                feed.arrived([stream.piece(late.pop(dice.randrange(len(late))))])
            case 4:
                number = dice.randrange(stream.stored + 1)
                socket = entering(feed)
                pieces = stream.after(1, stream.position(number))
                head = Head(stream.position(stream.stored), "epoch")
                try:
                    await feed.resume(socket.follower, head, pieces)
                    sockets.append((number, socket))
                except OperationalError:  # the socket closes
                    feed.followers.discard(socket.follower)
                    socket.follower.feed = None
            case 5:
                dice.choice(sockets)[1].waiting = dice.choice((0, 10**9))
            case 6:
                asking[:] = [refuse] if dice.random() < 0.5 else []
        feed.fill()
        await asyncio.sleep(0)
    asking.clear()
    for _, socket in sockets:
        socket.waiting = 0
    async with asyncio.timeout(20):
        while any(socket.texts != stream.text(known + 1, stream.stored) for known, socket in sockets):
            await feeds.poll()
            await asyncio.sleep(0.01)


class Subscribed:
    """Subscriptions that need no layer."""

    async def join(self, group: str, changed: object) -> None:
        pass

    def leave(self, group: str) -> None:
        pass


# of rooms, with pieces that are written directly


def test_pieces_that_arrive_at_once_are_written_at_once(room: Stream) -> None:
    feed = room.feed()
    socket, ahead, late = live(feed, 0), live(feed, 2), entering(feed)
    feed.arrived([room.piece(number) for number in (1, 2, 3)])
    assert (socket.texts, socket.bursts) == (["1", "2", "3"], [3])
    assert (ahead.texts, late.texts) == (["3"], [])
    late.follower.position = 1
    late.follower.release()
    assert late.texts == ["2", "3"]
    feed.arrived([room.piece(4)])
    assert [one.bursts for one in (socket, ahead, late)] == [[3, 1], [1], [1]]


def test_in_a_very_large_room_the_frames_are_flushed_in_slices(room: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE_SOCKETS", 2)
    feed = room.feed()
    sockets = [live(feed, 0) for _ in range(3)]
    feed.arrived([room.piece(1), room.piece(2)])
    assert [(one.texts, one.bursts) for one in sockets] == [(["1", "2"], [])] * 3


def test_events_that_arrive_while_a_socket_catches_up_follow_without_repeat(room: Stream) -> None:
    feed = room.feed()
    live(feed, 2)
    late = entering(feed)
    for number in (3, 4, 5):
        feed.arrived([room.piece(number)])
    assert late.texts == []
    late.follower.position = 2
    late.follower.replay([room.piece(3), room.piece(4)])  # it reads the log up to 4 ...
    late.follower.release()
    assert late.texts == ["3", "4", "5"]
    feed.arrived([room.piece(6)])
    assert late.texts == ["3", "4", "5", "6"]


def test_transient_frames_do_not_reach_a_socket_that_catches_up(room: Stream) -> None:
    feed = room.feed()
    socket, late = live(feed, 0), entering(feed)
    feed.broadcast(Frame("typing"))
    assert (socket.texts, late.texts) == (["typing"], [])


def test_a_room_whose_log_was_replaced_begins_anew(room: Stream) -> None:
    feed = room.feed()
    socket = live(feed, 7)
    feed.arrived([room.piece(9)])  # of the old log
    feed.begin_anew(Head(2, "another"))
    assert json.loads(socket.texts[0]) == {"type": "reset", "epoch": "another", "seq": 2}
    feed.arrived([room.piece(3)])
    assert socket.texts[1:] == ["3"]


async def test_a_socket_that_catches_up_when_the_log_is_replaced_begins_anew_too(
    room: Stream, asking: list[Callable[[], None]]
) -> None:
    feed = room.feed()
    live(feed, 7)
    late = entering(feed)
    room.stored = 9
    feed.arrived([room.piece(9)])

    def replace() -> None:
        asking.clear()
        feed.begin_anew(Head(2, "another"))

    asking.append(replace)
    await feed.resume(late.follower, Head(7, "epoch"), [])
    assert json.loads(late.texts[-1]) == {"type": "reset", "epoch": "another", "seq": 2}
    feed.arrived([room.piece(3)])
    assert late.texts[-1] == "3"


def test_people_of_a_process_that_falls_silent_are_forgotten() -> None:
    presence = Presence()
    presence.add_socket("alice")
    presence.receive("other", ["bob"], now=100.0)
    assert presence.changed(100.0) == frozenset({"alice", "bob"})
    assert presence.changed(101.0) is None
    assert presence.changed(101.0 + FORGET_SECONDS) == frozenset({"alice"})
