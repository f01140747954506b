"""The line that writes straight to a socket: frames stay whole and in order between all other writes."""

import contextlib
import random
import socket
from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest
from autobahn.websocket.protocol import TrafficStats
from daphne.ws_protocol import WebSocketProtocol

from consumers.interface.transport.direct import DirectLine, Flusher
from consumers.interface.transport.frame import Frame
from consumers.interface.transport.server import Protocol
from consumers.interface.transport.traffic import Traffic

PING = b"\x89\x04ping"


class Transport:
    """The attributes of Twisted's transport that lines read: bytes that the socket does not take wait in a buffer."""

    offset = 0
    _tempDataLen = 0  # noqa: N815 - the name is Twisted's

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self.dataBuffer = b""

    def write(self, data: bytes) -> None:
        self.dataBuffer += data

    def drain(self) -> None:
        """Send from the buffer, as the reactor does when the socket takes more."""
        with contextlib.suppress(BlockingIOError):
            self.dataBuffer = self.dataBuffer[self.socket.send(self.dataBuffer) :]


class Counts(Traffic):
    """Nobody asks for metrics here."""

    due = False

    def schedule_report(self) -> None:
        self.due = True


class Turns(Flusher):
    """Turns of the event loop that end when the test says so."""

    def __init__(self) -> None:
        super().__init__(Counts())

    def _schedule(self) -> None:
        pass


class Browser:
    """One connection, seen from both ends."""

    def __init__(self) -> None:
        near, self.far = socket.socketpair()
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)
        near.setblocking(False)
        self.far.setblocking(False)
        self.transport = Transport(near)
        self.protocol: Any = object.__new__(Protocol)
        self.protocol.transport = self.transport
        self.protocol.state = WebSocketProtocol.STATE_OPEN
        self.protocol.send_queue = deque()
        self.protocol.peer = "nobody"
        self.protocol.trafficStats = TrafficStats()  # type: ignore[no-untyped-call]
        self.protocol.logOctets = False
        self.flusher = Turns()
        self.line = self.protocol.line = DirectLine(self.protocol, self.flusher)
        self.received = b""

    def end_turn(self) -> None:
        self.flusher._flush()

    def let_all_through(self) -> None:
        """End the turn, and read until nothing waits any more."""
        self.end_turn()
        while self.transport.dataBuffer:
            self.read()
            self.transport.drain()
        self.read()

    def read(self, size: int = 1 << 20) -> None:
        with contextlib.suppress(BlockingIOError):
            self.received += self.far.recv(size)

    def close(self) -> None:
        self.far.close()
        self.transport.socket.close()


@pytest.fixture
def browser() -> Iterator[Browser]:
    one = Browser()
    yield one
    one.close()


def now(browser: Browser, *texts: str) -> None:
    frames = [Frame(text) for text in texts]
    browser.line.write_now(frames, b"".join(frame.wire for frame in frames))


def wires(*texts: str) -> bytes:
    return b"".join(Frame(text).wire for text in texts)


def test_what_nothing_waits_before_is_in_the_socket_when_the_call_returns(browser: Browser) -> None:
    traffic: Any = browser.flusher.traffic
    now(browser, "first")  # the line does not know yet how the connection is
    browser.end_turn()
    traffic.due = False
    now(browser, "second", "third")
    browser.read()
    assert browser.received == wires("first", "second", "third")
    assert traffic.due  # or frames to a listening client are counted late
    assert (traffic.sent_frames, traffic.sent_bytes) == (3, len(browser.received))


def test_nothing_overtakes_what_was_written_before_in_the_same_turn(browser: Browser) -> None:
    browser.line.write(Frame("welcome"))
    browser.end_turn()
    browser.line.write(Frame("reply"))
    now(browser, "event")
    browser.read()
    assert browser.received == wires("welcome")
    browser.end_turn()
    browser.read()
    assert browser.received == wires("welcome", "reply", "event")


def test_nothing_overtakes_what_the_protocol_has_written_itself(browser: Browser) -> None:
    browser.line.write(Frame("welcome"))
    browser.end_turn()
    browser.protocol.sendData(PING)
    now(browser, "event")
    browser.end_turn()
    browser.transport.drain()
    browser.read()
    assert browser.received == wires("welcome") + PING + wires("event")


def test_a_socket_that_is_full_gets_the_rest_later_and_in_order(browser: Browser) -> None:
    browser.line.write(Frame("welcome"))
    browser.end_turn()
    texts = [f"{n} {'x' * 3000}" for n in range(20)]
    for text in texts:
        now(browser, text)
        browser.end_turn()
    assert browser.line.waiting > 30_000
    browser.let_all_through()
    now(browser, "last")
    browser.let_all_through()
    assert browser.received == wires("welcome", *texts, "last")


def test_a_connection_that_is_closing_hears_nothing_more(browser: Browser) -> None:
    browser.line.write(Frame("welcome"))
    browser.end_turn()
    browser.protocol.state = WebSocketProtocol.STATE_CLOSING
    browser.protocol.sendData(b"\x88\x00")  # as autobahn does it
    now(browser, "event")
    browser.end_turn()
    browser.transport.drain()
    browser.read()
    assert browser.received == wires("welcome") + b"\x88\x00"


def test_a_socket_that_is_gone_is_left_to_the_transport(browser: Browser) -> None:
    browser.line.write(Frame("welcome"))
    browser.end_turn()
    browser.transport.socket.close()
    now(browser, "event")
    assert browser.transport.dataBuffer == wires("event")


def heard(data: bytes) -> tuple[list[str], int]:
    """The texts of the frames in `data`, and how many pings were among them."""
    texts, pings = [], 0
    while data:
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        if data[0] == PING[0]:
            pings += 1
        else:
            texts.append(data[start : start + size].decode())
        data = data[start + size :]
    return texts, pings


def test_whatever_is_mixed_frames_stay_whole_and_in_order(browser: Browser) -> None:
    dice = random.Random(11)
    sent: list[str] = []
    pings = 0
    for number in range(3000):
        text = f"{number} {'x' * dice.choice((1, 50, 200, 2000))}"
        match dice.randrange(7):
            case 0 | 1:
                now(browser, text, f"{text} too")
                sent += [text, f"{text} too"]
            case 2:
                browser.line.write(Frame(text))
                sent.append(text)
            case 3:
                browser.protocol.sendData(PING)
                pings += 1
            case 4:
                browser.end_turn()
            case 5:
                browser.transport.drain()
            case _:
                browser.read(dice.choice((100, 5000, 1 << 20)))
        if browser.line.waiting > 200_000:  # beyond its bound it would be closed
            browser.let_all_through()
    browser.let_all_through()
    assert heard(browser.received) == (sent, pings)
