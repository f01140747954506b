"""What the mailbox promises its sockets: every event once, in order, without a hole."""

import json
import random
from collections.abc import Sequence

import pytest

from consumers.interface.chat.presence import FORGOTTEN, Presence
from consumers.interface.feeds.room import OpenRoom
from consumers.interface.transport.frame import Frame
from consumers.interface.transport.outlet import Outlet


class Socket:
    """A line that remembers what was written."""

    waiting = 0

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.bursts: list[int] = []  # frames that were written at once
        self.outlet = Outlet(self, 1, "alice", plain=False)

    def write(self, frame: Frame) -> None:
        self.heard.append(frame.text)

    def write_now(self, frames: Sequence[Frame], wire: bytes) -> None:
        assert wire == b"".join(frame.wire for frame in frames)
        self.bursts.append(len(frames))
        self.heard += [frame.text for frame in frames]

    def close(self, code: int, reason: str = "") -> None:
        self.heard.append(f"closed {code}")


def live(room: OpenRoom, seq: int) -> Socket:
    socket = Socket()
    room.outlets.add(socket.outlet)
    room.read_up_to(seq, "epoch")
    socket.outlet.release(seq)
    return socket


def test_events_that_come_the_wrong_way_round_are_delivered_the_right_way_round() -> None:
    room = OpenRoom(1)
    socket = live(room, 4)
    room.arrived([(6, "six")])
    assert room.behind
    assert socket.heard == []
    room.arrived([(5, "five")])
    assert socket.heard == ["five", "six"]
    assert not room.behind


def test_what_arrives_at_once_is_written_at_once_to_whom_it_follows() -> None:
    room = OpenRoom(1)
    socket, ahead, late = live(room, 0), live(room, 2), Socket()
    room.outlets.add(late.outlet)
    room.arrived([(1, "1"), (2, "2"), (3, "3")])
    assert (socket.heard, socket.bursts) == (["1", "2", "3"], [3])
    assert (ahead.heard, late.heard) == (["3"], [])
    late.outlet.release(1)
    assert late.heard == ["2", "3"]
    room.arrived([(4, "4")])
    assert [one.bursts for one in (socket, ahead, late)] == [[3, 1], [1], [1]]


def test_in_a_room_of_very_many_the_frames_are_left_to_who_writes_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.interface.feeds.room.SLICE_SOCKETS", 2)
    room = OpenRoom(1)
    sockets = [live(room, 0) for _ in range(3)]
    room.arrived([(1, "1"), (2, "2")])
    assert [(one.heard, one.bursts) for one in sockets] == [(["1", "2"], [])] * 3


def test_an_event_that_comes_twice_is_delivered_once() -> None:
    room = OpenRoom(1)
    socket = live(room, 0)
    for seq in (1, 1, 2, 1, 2):
        room.arrived([(seq, str(seq))])
    assert socket.heard == ["1", "2"]


def test_any_order_of_arrival_gives_the_same_room() -> None:
    dice = random.Random(7)
    for _ in range(50):
        room = OpenRoom(1)
        socket = live(room, 0)
        arrivals = [n for n in range(1, 30) for _ in range(dice.choice((1, 1, 2)))]
        dice.shuffle(arrivals)
        for seq in arrivals:
            room.arrived([(seq, str(seq))])
        assert socket.heard == [str(n) for n in range(1, 30)]


def test_what_comes_while_a_socket_catches_up_follows_without_repeat() -> None:
    room = OpenRoom(1)
    live(room, 2)
    late = Socket()
    room.outlets.add(late.outlet)
    for seq in (3, 4, 5):
        room.arrived([(seq, str(seq))])
    assert late.heard == []
    late.outlet.write(Frame("4"))  # it reads the log up to 4 ...
    late.outlet.release(4)
    assert late.heard == ["4", "5"]
    room.arrived([(6, "6")])
    assert late.heard == ["4", "5", "6"]


def test_a_socket_that_has_read_further_than_the_room_hears_nothing_twice() -> None:
    room = OpenRoom(1)
    live(room, 1)
    ahead = live(room, 3)  # it read 2 and 3 in the log before the layer brought them
    for seq in (2, 3, 4):
        room.arrived([(seq, str(seq))])
    assert ahead.heard == ["4"]


def test_events_from_before_anyone_read_the_log_wait() -> None:
    room = OpenRoom(1)
    room.arrived([(8, "8")])
    room.arrived([(9, "9")])
    socket = Socket()
    room.outlets.add(socket.outlet)
    room.read_up_to(8, "epoch")
    socket.outlet.release(8)
    assert socket.heard == ["9"]


def test_frames_that_are_not_kept_do_not_reach_who_catches_up() -> None:
    room = OpenRoom(1)
    socket, late = live(room, 0), Socket()
    room.outlets.add(late.outlet)
    room.flash(Frame("typing"))
    assert (socket.heard, late.heard) == (["typing"], [])


def test_a_room_whose_log_is_another_begins_anew() -> None:
    room = OpenRoom(1)
    socket = live(room, 7)
    room.arrived([(9, "9")])  # of the old log
    room.begin_anew(2, "another")
    assert json.loads(socket.heard[0]) == {"type": "reset", "epoch": "another", "seq": 2}
    room.arrived([(3, "3")])
    assert socket.heard[1:] == ["3"]


def test_a_process_that_falls_silent_is_forgotten() -> None:
    presence = Presence()
    presence.came("alice")
    presence.hears("other", ["bob"], now=100.0)
    assert presence.changed(100.0) == frozenset({"alice", "bob"})
    assert presence.changed(101.0) is None
    assert presence.changed(101.0 + FORGOTTEN) == frozenset({"alice"})
