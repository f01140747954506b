"""What the mailbox promises its sockets: every event once, in order, without a hole."""

import json
import random
from typing import Any

from consumers.interface.outlet import Outlet, plain
from consumers.interface.presence import FORGOTTEN, Presence
from consumers.interface.room import OpenRoom


class Socket:
    """Remembers what was written."""

    def __init__(self, *, plain: bool = False) -> None:
        self.heard: list[str] = []
        self.outlet = Outlet(self._send, 1, "alice", plain=plain)

    async def _send(self, message: dict[str, Any]) -> None:
        self.heard.append(message["text"])


async def live(room: OpenRoom, seq: int) -> Socket:
    socket = Socket()
    room.outlets.add(socket.outlet)
    await room.read_up_to(seq)
    await socket.outlet.release(seq)
    return socket


async def test_events_that_come_the_wrong_way_round_are_delivered_the_right_way_round() -> None:
    room = OpenRoom(1)
    socket = await live(room, 4)
    await room.arrived(6, "six")
    assert room.behind
    assert socket.heard == []
    await room.arrived(5, "five")
    assert socket.heard == ["five", "six"]
    assert not room.behind


async def test_an_event_that_comes_twice_is_delivered_once() -> None:
    room = OpenRoom(1)
    socket = await live(room, 0)
    for seq in (1, 1, 2, 1, 2):
        await room.arrived(seq, str(seq))
    assert socket.heard == ["1", "2"]


async def test_any_order_of_arrival_gives_the_same_room() -> None:
    dice = random.Random(7)
    for _ in range(50):
        room = OpenRoom(1)
        socket = await live(room, 0)
        arrivals = [n for n in range(1, 30) for _ in range(dice.choice((1, 1, 2)))]
        dice.shuffle(arrivals)
        for seq in arrivals:
            await room.arrived(seq, str(seq))
        assert socket.heard == [str(n) for n in range(1, 30)]


async def test_what_comes_while_a_socket_catches_up_follows_without_repeat() -> None:
    room = OpenRoom(1)
    await live(room, 2)
    late = Socket()
    room.outlets.add(late.outlet)
    for seq in (3, 4, 5):
        await room.arrived(seq, str(seq))
    assert late.heard == []
    await late.outlet.write("4")  # it reads the log up to 4 ...
    await late.outlet.release(4)
    assert late.heard == ["4", "5"]
    await room.arrived(6, "6")
    assert late.heard == ["4", "5", "6"]


async def test_a_socket_that_has_read_further_than_the_room_hears_nothing_twice() -> None:
    room = OpenRoom(1)
    await live(room, 1)
    ahead = await live(room, 3)  # it read 2 and 3 in the log before the layer brought them
    for seq in (2, 3, 4):
        await room.arrived(seq, str(seq))
    assert ahead.heard == ["4"]


async def test_events_from_before_anyone_read_the_log_wait() -> None:
    room = OpenRoom(1)
    await room.arrived(8, "8")
    await room.arrived(9, "9")
    socket = Socket()
    room.outlets.add(socket.outlet)
    await room.read_up_to(8)
    await socket.outlet.release(8)
    assert socket.heard == ["9"]


async def test_a_socket_that_cannot_be_written_to_harms_only_itself() -> None:
    room = OpenRoom(1)
    sockets = [await live(room, 0) for _ in range(5)]

    async def broken(message: dict[str, Any]) -> None:
        raise ConnectionError

    sockets[2].outlet.send = broken
    await room.arrived(1, "1")
    await room.flash("typing")
    assert [socket.heard for socket in sockets if socket is not sockets[2]] == [["1", "typing"]] * 4
    assert sockets[2].outlet not in room.outlets


async def test_frames_that_are_not_kept_do_not_reach_who_catches_up() -> None:
    room = OpenRoom(1)
    socket, late = await live(room, 0), Socket()
    room.outlets.add(late.outlet)
    await room.flash("typing")
    assert (socket.heard, late.heard) == (["typing"], [])


def test_a_plain_client_hears_texts_only() -> None:
    assert plain(json.dumps({"type": "message.posted", "text": "ü", "seq": 1})) == '{"message": "ü"}'
    assert plain(json.dumps({"type": "message.edited", "text": "x", "seq": 2})) is None
    assert plain(json.dumps({"type": "error", "detail": "No."})) == '{"message": "⚠ No."}'


def test_a_process_that_falls_silent_is_forgotten() -> None:
    presence = Presence()
    presence.sees(["alice"])
    presence.hears("other", ["bob"], now=100.0)
    assert presence.changed(100.0) == frozenset({"alice", "bob"})
    assert presence.changed(101.0) is None
    assert presence.changed(101.0 + FORGOTTEN) == frozenset({"alice"})
