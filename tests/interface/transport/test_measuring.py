"""The interface's metrics: traffic, slow sockets, gaps, and the times of deliveries."""

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings

from consumers.interface.feeds import feed as feeds
from consumers.interface.feeds.feed import Feed, Follower
from consumers.interface.feeds.rooms import RoomSource, event_piece
from consumers.interface.feeds.stream import Head, Piece
from consumers.interface.process import Interface
from consumers.interface.support.tasks import Tasks
from consumers.interface.transport.direct import DirectLine, Flusher
from consumers.interface.transport.frame import Frame
from consumers.interface.transport.outlet import Outlet
from consumers.interface.transport.traffic import Traffic
from proj.layer.messages import RoomFrames
from proj.metrics.definitions import REGISTRY


def value(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0.0


@pytest.fixture
def grown() -> Callable[[str], float]:
    """By how much a metric has grown since the test began."""
    before = {sample.name: sample.value for metric in REGISTRY.collect() for sample in metric.samples}
    return lambda name: value(name) - before.get(name, 0.0)


class Transport:
    """A transport with a socket that takes nothing, or everything."""

    offset = 0
    _tempDataLen = 0  # noqa: N815 - the name is Twisted's

    def __init__(self) -> None:
        self.dataBuffer = b""
        self.takes = True
        self.socket = self

    def send(self, data: bytes) -> int:
        return len(data) if self.takes else 0

    def write(self, data: bytes) -> None:
        self.dataBuffer += data


class Protocol:
    """A browser's connection that is open."""

    state = WebSocketProtocol.STATE_OPEN
    send_queue = ()

    def __init__(self) -> None:
        self.transport = Transport()
        self.closed: list[int] = []

    def serverClose(self, code: int, reason: str = "") -> None:  # noqa: N802 - as the server has it
        self.closed.append(code)


def line() -> tuple[DirectLine, Protocol, Traffic]:
    protocol: Any = Protocol()
    traffic = Traffic()
    return DirectLine(protocol, Flusher(traffic)), protocol, traffic


async def test_traffic_reaches_the_metrics_by_itself(grown: Callable[[str], float]) -> None:
    one, _, traffic = line()
    frames = [Frame("x" * 100), Frame("y" * 1000)]
    for frame in frames:
        one.write(frame)
    traffic.received(7)
    assert grown("signalbox_sent_frames_total") == 0
    async with asyncio.timeout(20):
        while not grown("signalbox_sent_frames_total"):  # noqa: ASYNC110 - a metric has no event
            await asyncio.sleep(0.05)
    assert grown("signalbox_sent_frames_total") == 2
    assert grown("signalbox_sent_bytes_total") == sum(len(frame.wire) for frame in frames)
    assert grown("signalbox_received_frames_total") == 1
    assert grown("signalbox_received_bytes_total") == 7
    traffic.report()
    assert grown("signalbox_sent_frames_total") == 2


async def test_what_is_written_to_a_socket_that_is_gone_is_not_counted() -> None:
    one, protocol, traffic = line()
    protocol.state = WebSocketProtocol.STATE_CLOSED
    one.write(Frame("x"))
    one.flush()
    assert (traffic.sent_frames, traffic.sent_bytes) == (0, 0)


async def test_a_socket_that_falls_behind_is_slow_once_until_it_has_caught_up(grown: Callable[[str], float]) -> None:
    one, protocol, _ = line()
    protocol.transport.takes = False

    def write(share: float) -> float:
        one.write(Frame("x" * int(settings.SOCKET_BACKLOG * share)))
        one.flush()
        return grown("signalbox_slow_sockets_total")

    assert write(0.4) == 0
    assert write(0.2) == 1
    assert write(0.2) == 1
    protocol.transport.dataBuffer = b""
    assert write(0.1) == 1
    assert write(0.6) == 2
    assert protocol.closed == []
    assert write(0.5) == 2
    assert protocol.closed == [4408]


async def test_events_that_the_database_had_to_bring_are_counted(
    grown: Callable[[str], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(_: object) -> list[Piece]:
        return [event_piece(number, str(number)) for number in (5, 6, 7)]

    monkeypatch.setattr(feeds, "ask", ask)
    room = Feed(1, RoomSource(), Tasks())
    follower = Follower(Outlet(line()[0], 1, "alice", plain=False))
    follower.feed = room
    room.followers.add(follower)
    room.begin(Head(4, "epoch"))
    room.arrived([event_piece(6, "6")])
    room.fill()
    async with asyncio.timeout(20):
        while room.behind:  # noqa: ASYNC110 - a feed has no event
            await asyncio.sleep(0.01)
    assert room.head == 7
    assert (grown("signalbox_gaps_total"), grown("signalbox_gap_events_total")) == (1, 2)


async def test_times_are_noted_once_the_sockets_were_written_to(grown: Callable[[str], float]) -> None:
    room = Feed(1, RoomSource(), Tasks())
    own: Any = object.__new__(Interface)  # without the tasks of a real one
    own.rooms = SimpleNamespace(open={1: room})
    follower = Follower(Outlet(line()[0], 1, "alice", plain=False))
    follower.feed = room
    room.followers.add(follower)
    room.begin(Head(0, "epoch"))
    follower.position = 0
    follower.release()
    now = time.time()

    async def arrive(seq: int, times: list[float]) -> tuple[float, float]:
        own.deliver(RoomFrames(room=1, frames=[(seq, "x")], times=times))
        await asyncio.sleep(0)
        return grown("signalbox_commit_to_delivery_seconds_count"), grown("signalbox_receive_to_delivery_seconds_count")

    assert await arrive(1, [now - 200, now - 100]) == (1, 1)
    assert grown("signalbox_commit_to_delivery_seconds_sum") == pytest.approx(100, abs=50)
    assert grown("signalbox_receive_to_delivery_seconds_sum") == pytest.approx(200, abs=50)
    assert await arrive(2, [0.0, now]) == (2, 1)  # nobody knows when it was received
    assert await arrive(3, []) == (2, 1)  # a view has posted it
    assert await arrive(4, [now + 900, now + 900]) == (3, 2)  # a clock that is ahead
    assert 100 <= grown("signalbox_commit_to_delivery_seconds_sum") < 150
    assert await arrive(5, [now, now, now, now]) == (5, 4)  # of two batches that arrived at once
    room.followers.clear()
    assert await arrive(6, [now, now]) == (5, 4)  # nobody was there to hear it
