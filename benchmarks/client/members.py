"""Rooms, their members, and the counts of their deliveries."""

import asyncio
import time
from array import array
from collections import Counter
from collections.abc import Callable
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport

from benchmarks.client.protocols import Protocol

TEXT = WSMsgType.TEXT
CLOSE = WSMsgType.CLOSE
now = time.monotonic_ns


class Tally:
    """Messages and deliveries of all members since the last `clear`."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.latencies = array("q")  # nanoseconds from the sender's write to each member's read
        self.messages = 0
        self.expected = 0  # deliveries, when nothing is lost
        self.doubled = 0
        self.out_of_order = 0
        self.closes: Counter[int] = Counter()  # by code; 0 where there was none
        self.on_complete: Callable[[Member], None] | None = (
            None  # called when all members have a message of this sender
        )


class Room:
    """A room, and the messages sent to it, by number."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: list[Member] = []
        self.clear()

    def clear(self) -> None:
        self.said: list[int] = []  # nanoseconds at which each message was sent
        self.senders: list[Member] = []
        self.left: list[int] = []  # members that do not have the message yet
        for member in self.members:
            member.clear()


class Member(WSListener):
    """One client in one room. Deliveries are counted with as little work as can be: there are 400,000 a second."""

    def __init__(self, room: Room, tally: Tally, protocol: Protocol, cookie: str, pad: str) -> None:
        super().__init__()
        self.room = room
        self.tally = tally
        self.protocol = protocol
        self.cookie = cookie
        self.inside = False
        self.entered: asyncio.Future[None] | None = None
        self.on_gone: Callable[[Member], None] | None = None
        self.transport: WSTransport | None = None
        self._pad = pad
        self.clear()

    def clear(self) -> None:
        self.next = 0  # every message below this number has arrived
        self._ahead: set[int] = set()  # and these above the number

    @property
    def heard(self) -> bool:
        """Return whether any message has arrived since the last `clear`."""
        return bool(self.next or self._ahead)

    def say(self) -> None:
        """Send the room's next message."""
        room, tally = self.room, self.tally
        number = len(room.said)
        frame = self.protocol.post(f"~{number:08}~{self._pad}")
        room.senders.append(self)
        room.left.append(len(room.members))
        tally.messages += 1
        tally.expected += len(room.members)
        room.said.append(now())
        self.send(frame)

    def send(self, frame: bytes) -> None:
        if self.transport is not None:
            self.transport.send(TEXT, frame)

    # methods that picows calls

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        if not self.protocol.joins:
            self._enter()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind != TEXT:
            if kind == CLOSE:
                self.tally.closes[int(frame.get_close_code())] += 1
                transport.disconnect()
            return
        payload: bytes = frame.get_payload_as_bytes()
        start = payload.find(b"~")
        if start >= 0:
            self._delivered(int(payload[start + 1 : start + 9]))
        elif self.protocol.hear(payload, self.room.name, self.send):
            self._enter()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.transport = None
        self.inside = False
        if self.entered is not None and not self.entered.done():
            self.entered.set_exception(ConnectionError("closed before the member was in its room"))
        if self.on_gone is not None:
            self.on_gone(self)

    def _enter(self) -> None:
        self.inside = True
        if self.entered is not None and not self.entered.done():
            self.entered.set_result(None)

    def _delivered(self, number: int) -> None:
        room, tally = self.room, self.tally
        if number >= len(room.said):
            return  # a message of an earlier scene
        if number == self.next and not self._ahead:
            self.next += 1
        elif number < self.next or number in self._ahead:
            tally.doubled += 1
            return
        else:
            self._out_of_turn(number)
        tally.latencies.append(now() - room.said[number])
        left = room.left[number] - 1
        room.left[number] = left
        if not left and tally.on_complete is not None:
            tally.on_complete(room.senders[number])

    def _out_of_turn(self, number: int) -> None:
        """Count a message that was passed by a later one of its sender. Those of two senders may pass each other."""
        sender = self.room.senders[number]
        if any(later > number and self.room.senders[later] is sender for later in self._ahead):
            self.tally.out_of_order += 1
        self._ahead.add(number)
        while self.next in self._ahead:
            self._ahead.remove(self.next)
            self.next += 1


def quantiles(latencies: "array[int]") -> dict[str, Any]:
    """Return quantiles of the latencies in milliseconds."""
    found = sorted(latencies)
    if not found:
        return {"p50": None, "p95": None, "p99": None, "max": None}
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(found[min(len(found) - 1, int(len(found) * part))] / 1e6, 3) for name, part in at.items()}
