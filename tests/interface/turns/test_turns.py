"""A socket does one thing at a time: its turns, their answers, and those that nobody answers."""

import asyncio
import time

import pytest

from consumers.interface.turns import lost
from consumers.interface.turns.lost import LostTurns
from consumers.interface.turns.socket import CONNECT, DISCONNECT, MAX_WAITING_FRAMES, RECEIVE
from consumers.interface.turns.turns import LATER_SECONDS, Turns
from proj.layer.messages import ChannelAct, TurnClaims, packed
from tests.interface.turns.conftest import Browsers, Worker, contents, reply, texts, written


async def test_the_connect_tells_the_code_of_the_request_and_the_code_accepts(
    turns: Turns, worker: Worker, browsers: Browsers
) -> None:
    socket = browsers.knock("/channel/deck/")
    (turn,) = await worker.take()
    (content,) = contents(turn)
    assert turn.channel == CONNECT
    assert content == {
        "reply_channel": f"websocket.send.{turns.process}!{socket.outlet.id}",
        "path": "/channel/deck/",
        "order": 0,
        "headers": [[b"host", b"localhost"]],
        "query_string": b"a=1",
    }
    worker.answer(turn, reply(socket, accept=True), reply(socket, text="welcome"))
    assert await socket.decided()
    assert written(socket).frames == []
    socket.opened()
    assert written(socket).frames == ["welcome"]


@pytest.mark.parametrize(
    ("content", "accepted", "frames", "code"),
    [
        ({"accept": False, "text": "no"}, False, [], 0),
        ({"text": "implied"}, True, ["implied"], 0),
        ({"bytes": b"\x00\xff"}, True, [b"\x00\xff"], 0),
        ({"close": True}, False, [], 0),
        ({"text": "go away", "close": 4001}, True, ["go away"], 4001),
        ({"accept": True, "close": True}, True, [], 1000),
    ],
)
async def test_a_reply_answers_the_handshake_as_the_specification_says(
    worker: Worker, browsers: Browsers, content: dict[str, object], accepted: bool, frames: list[str], code: int
) -> None:
    socket = browsers.knock()
    (turn,) = await worker.take()
    worker.answer(turn, reply(socket, **content))
    assert await socket.decided() is accepted
    if accepted:
        socket.opened()
    assert written(socket).frames == frames
    assert written(socket).code == code


async def test_frames_wait_while_a_turn_is_in_hand_and_then_go_together_in_order(
    worker: Worker, browsers: Browsers
) -> None:
    socket = await browsers.open()
    browsers.send(socket, "1")
    (first,) = await worker.take(1, [RECEIVE])
    browsers.send(socket, *"23456789abc")
    assert texts(first) == ["1"]
    assert await worker.take(1, [DISCONNECT]) == []  # the only way to see that nothing comes
    worker.answer(first)
    (second,) = await worker.take(10, [RECEIVE])
    assert texts(second) == list("23456789")
    assert [content["order"] for content in contents(second)] == list(range(2, 10))
    worker.answer(second)
    (third,) = await worker.take(10, [RECEIVE])
    assert texts(third) == list("abc")


async def test_the_disconnect_comes_last_with_its_code_and_then_the_socket_is_forgotten(
    turns: Turns, worker: Worker, browsers: Browsers
) -> None:
    socket = await browsers.open()
    browsers.send(socket, "1")
    (first,) = await worker.take(1, [RECEIVE])
    browsers.send(socket, "2")
    turns.leave(socket, 1001)
    turns.leave(socket, 1006)  # the server ends the handler as well
    worker.answer(first, reply(socket, text="too late"))
    (second,) = await worker.take(1, [RECEIVE, DISCONNECT])
    assert texts(second) == ["2"]
    worker.answer(second)
    (last,) = await worker.take(1, [RECEIVE, DISCONNECT])
    assert last.channel == DISCONNECT
    assert contents(last)[0]["code"] == 1001
    assert turns.sockets
    worker.answer(last)
    assert not turns.sockets
    assert not turns.in_hand
    assert written(socket).frames == []


async def test_the_session_travels_with_the_turns(worker: Worker, browsers: Browsers) -> None:
    socket = await browsers.open()
    browsers.send(socket, "1", "2")
    (turn,) = await worker.take(1, [RECEIVE])
    assert turn.session == ""
    worker.answer(turn, session='{"room":"运维"}')
    (turn,) = await worker.take(1, [RECEIVE])
    assert turn.session == '{"room":"运维"}'
    worker.answer(turn)
    browsers.send(socket, "3")
    (turn,) = await worker.take(1, [RECEIVE])
    assert turn.session == '{"room":"运维"}'


async def test_an_answer_in_parts_is_carried_out_once(worker: Worker, browsers: Browsers) -> None:
    socket = await browsers.open()
    browsers.send(socket, "1")
    (turn,) = await worker.take(1, [RECEIVE])
    worker.answer(turn, reply(socket, text="a"), done=False, part=1)
    worker.answer(turn, reply(socket, text="a"), done=False, part=1)
    worker.answer(turn, reply(socket, text="b"), part=2)
    worker.answer(turn, reply(socket, text="b"), part=2)
    assert written(socket).frames == ["a", "b"]


async def test_a_message_that_was_put_off_is_tried_again_before_the_others(worker: Worker, browsers: Browsers) -> None:
    socket = await browsers.open()
    browsers.send(socket, "0")
    (turn,) = await worker.take(1, [RECEIVE])
    browsers.send(socket, "1", "2", "3")
    worker.answer(turn)
    (turn,) = await worker.take(1, [RECEIVE])
    browsers.send(socket, "4")
    began = time.monotonic()
    worker.answer(turn, later=1)
    (turn,) = await worker.take(1, [RECEIVE])
    assert texts(turn) == ["2", "3", "4"]
    assert time.monotonic() - began >= LATER_SECONDS


async def test_a_delayed_message_waits_at_its_socket_once(worker: Worker, browsers: Browsers) -> None:
    socket = await browsers.open()
    browsers.send(socket, "1")
    (turn,) = await worker.take(1, [RECEIVE])
    own = ChannelAct("once", socket.name, "own", packed({"reply_channel": socket.name, "n": 1}))
    worker.act(own, own)
    worker.answer(turn)
    (turn,) = await worker.take(10, ["own"])
    assert (turn.socket, len(turn.contents)) == (socket.outlet.id, 1)
    assert not socket.waiting


async def test_a_message_for_an_own_channel_is_the_next_turn_of_its_socket(worker: Worker, browsers: Browsers) -> None:
    socket = await browsers.open()
    browsers.send(socket, "1")
    (turn,) = await worker.take(1, [RECEIVE])
    own = {"reply_channel": socket.name, "picture": 7}
    worker.answer(turn, ChannelAct("queue", socket.name, "运维 1", packed(own)))
    (turn,) = await worker.take(1, ["运维 1"])
    assert contents(turn) == [own]
    assert turn.socket == socket.outlet.id


async def test_a_message_for_an_own_channel_outlives_its_socket(turns: Turns, worker: Worker) -> None:
    name = f"websocket.send.{turns.process}!99999999"
    worker.act(ChannelAct("queue", name, "thumbnails", packed({"reply_channel": name})))
    (turn,) = await worker.take(1, ["thumbnails"])
    assert (turn.process, turn.socket) == ("", 0)


async def test_acts_of_unknown_kinds_and_broken_contents_harm_no_others(worker: Worker, browsers: Browsers) -> None:
    socket = await browsers.open()
    worker.act(
        ChannelAct("dance", socket.name),
        ChannelAct("reply", "websocket.send.nonsense"),
        ChannelAct("reply", socket.name, content=packed({"text": 5})),
        reply(socket, text="still here"),
    )
    assert written(socket).frames == ["still here"]


# back-pressure


async def test_a_browser_is_not_read_while_64_frames_wait(worker: Worker, browsers: Browsers) -> None:
    socket = await browsers.open()
    browsers.send(socket, *(str(number) for number in range(MAX_WAITING_FRAMES)))
    await asyncio.wait_for(socket.space(), 1)  # one is in hand
    browsers.send(socket, "one more")
    space = asyncio.ensure_future(socket.space())
    await asyncio.sleep(0)
    assert not space.done()
    (turn,) = await worker.take(1, [RECEIVE])
    worker.answer(turn)
    await asyncio.wait_for(space, 1)


async def test_the_frames_of_a_browser_that_is_gone_are_all_taken(browsers: Browsers) -> None:
    socket = await browsers.open()
    browsers.send(socket, *(str(number) for number in range(MAX_WAITING_FRAMES + 1)))
    space = asyncio.ensure_future(socket.space())
    await asyncio.sleep(0)
    socket.browser_gone()
    await asyncio.wait_for(space, 1)


# turns that nobody answers


async def test_a_turn_of_a_dead_worker_is_found_and_its_frames_are_skipped(
    turns: Turns, worker: Worker, browsers: Browsers
) -> None:
    socket = await browsers.open()
    browsers.send(socket, "1")
    (turn,) = await worker.take(1, [RECEIVE])
    browsers.send(socket, "2")
    await LostTurns(turns).look(time.monotonic() + lost.LOST_SECONDS - 0.5)
    assert socket.in_hand is not None
    await LostTurns(turns).look(time.monotonic() + lost.LOST_SECONDS + 0.5)
    (next_turn,) = await worker.take(1, [RECEIVE])
    assert texts(next_turn) == ["2"]
    worker.answer(turn, reply(socket, text="the worker was not dead after all"))
    assert written(socket).frames == []
    assert socket.open


@pytest.mark.parametrize(("setting", "code", "again"), [("close", 1011, []), ("again", 0, ["1"])])
async def test_a_lost_frame_closes_the_socket_or_is_tried_again(
    turns: Turns, worker: Worker, browsers: Browsers, settings: object, setting: str, code: int, again: list[str]
) -> None:
    settings.CHANNEL_LOST = setting  # type: ignore[attr-defined]
    socket = await browsers.open()
    browsers.send(socket, "1")
    await worker.take(1, [RECEIVE])
    await LostTurns(turns).look(time.monotonic() + lost.LOST_SECONDS + 0.5)
    assert written(socket).code == code
    assert [text for turn in await worker.take(1, [RECEIVE]) for text in texts(turn)] == again


async def test_a_lost_connect_and_a_lost_disconnect_are_tried_again(
    turns: Turns, worker: Worker, browsers: Browsers
) -> None:
    socket = browsers.knock()
    await worker.take(1, [CONNECT])
    await LostTurns(turns).look(time.monotonic() + lost.LOST_SECONDS + 0.5)
    (turn,) = await worker.take(1, [CONNECT])
    worker.answer(turn, reply(socket, accept=True))
    socket.opened()
    turns.leave(socket, 1000)
    await worker.take(1, [DISCONNECT])
    await LostTurns(turns).look(time.monotonic() + lost.LOST_SECONDS + 0.5)
    (turn,) = await worker.take(1, [DISCONNECT])
    assert contents(turn)[0]["code"] == 1000


async def test_a_turn_that_is_claimed_or_waits_is_not_lost(turns: Turns, worker: Worker, browsers: Browsers) -> None:
    socket = await browsers.open()
    browsers.send(socket, "1")
    waiting = await browsers.open()
    (turn,) = await worker.take(1, [RECEIVE])
    browsers.send(waiting, "2")
    await turns._handing.empty()  # the turn is in Redis
    later = time.monotonic() + lost.LOST_SECONDS + 0.5
    turns.deliver_claims(TurnClaims(turns.process, [(turn.socket, turn.turn)]))
    assert socket.in_hand is not None
    socket.in_hand.evidence_at = later
    await LostTurns(turns).look(later)
    assert socket.in_hand.claimed
    assert waiting.in_hand is not None
    assert waiting.in_hand.evidence_at == later


async def test_what_an_emptied_queue_has_lost_is_handed_over_again(
    turns: Turns, worker: Worker, browsers: Browsers
) -> None:
    socket = await browsers.open()
    browsers.send(socket, "1")
    await worker.take(1, [RECEIVE])  # in place of a Redis that forgets it
    turns.renewed()
    await LostTurns(turns).look(time.monotonic() + lost.LOST_SECONDS + 0.5)
    (turn,) = await worker.take(1, [RECEIVE])
    assert texts(turn) == ["1"]


async def test_without_a_worker_an_open_socket_is_closed_after_a_minute(turns: Turns, browsers: Browsers) -> None:
    socket = await browsers.open()
    browsers.send(socket, "1")
    await turns._handing.empty()  # the turn is in Redis
    await LostTurns(turns).look(time.monotonic() + lost.NO_WORKER_SECONDS - 1)
    assert written(socket).code == 0
    await LostTurns(turns).look(time.monotonic() + lost.NO_WORKER_SECONDS + 3)
    assert written(socket).code == 1013
    assert socket.in_hand is not None


async def test_a_refused_handshake_that_no_worker_took_leaves_nothing_behind(
    turns: Turns, worker: Worker, browsers: Browsers
) -> None:
    socket = browsers.knock()
    await turns._handing.empty()  # the turn is in Redis
    await turns.refuse(socket, 1006)
    assert not turns.sockets
    assert await worker.take(1) == []


async def test_a_refused_handshake_that_a_worker_has_is_followed_by_its_disconnect(
    turns: Turns, worker: Worker, browsers: Browsers
) -> None:
    socket = browsers.knock()
    (turn,) = await worker.take(1)
    await turns.refuse(socket, 1006)
    worker.answer(turn, reply(socket, accept=True))
    (turn,) = await worker.take(1)
    assert turn.channel == DISCONNECT
    worker.answer(turn)
    assert not turns.sockets
