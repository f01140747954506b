"""Handshakes of Channels 1.x sockets: the consumer's answer, its failure, and a worker that dies with the connect."""

import asyncio
import time
from typing import Any

import pytest

from consumers.interface.turns import lost
from consumers.interface.turns.lost import LostTurns
from consumers.interface.turns.socket import CONNECT, DISCONNECT, TurnSocket
from consumers.interface.turns.turns import Turns
from tests.interface.turns.conftest import Browsers, Worker, reply, written

AFTER_LOST_CONNECT = lost.LOST_CONNECT_SECONDS + 0.5


async def test_a_consumer_that_raises_in_the_connect_refuses_the_socket_at_once(
    worker: Worker, browsers: Browsers, caplog: pytest.LogCaptureFixture
) -> None:
    socket = browsers.knock("/channel/deck/")
    (turn,) = await worker.take(1, [CONNECT])
    worker.answer(turn, failed=True, consumer="deck.consumers.connect")
    assert await asyncio.wait_for(socket.decided(), 1) is False
    assert "/channel/deck/: refused with 403: deck.consumers.connect raised in the connect" in caplog.text


async def test_a_socket_that_was_accepted_before_the_consumer_raised_opens(
    worker: Worker, browsers: Browsers, caplog: pytest.LogCaptureFixture
) -> None:
    socket = browsers.knock()
    (turn,) = await worker.take(1, [CONNECT])
    worker.answer(turn, reply(socket, accept=True), failed=True)
    assert await asyncio.wait_for(socket.decided(), 1) is True
    assert "refused" not in caplog.text


async def test_a_consumer_that_raises_before_it_accepts_is_accepted_where_that_is_set(
    worker: Worker, browsers: Browsers, settings: Any
) -> None:
    settings.CHANNEL_ACCEPT = True
    socket = browsers.knock()
    (turn,) = await worker.take(1, [CONNECT])
    worker.answer(turn, failed=True)
    assert await asyncio.wait_for(socket.decided(), 1) is True


async def test_a_consumer_that_ends_without_an_answer_may_accept_later(worker: Worker, browsers: Browsers) -> None:
    socket = browsers.knock()
    (turn,) = await worker.take(1, [CONNECT])
    worker.answer(turn)
    worker.act(reply(socket, accept=True))
    assert await asyncio.wait_for(socket.decided(), 1) is True


async def test_each_further_accept_of_a_socket_is_passed_over(worker: Worker, browsers: Browsers) -> None:
    """Behind a demultiplexer each consumer's own connect() accepts the socket again."""
    socket = browsers.knock()
    (turn,) = await worker.take(1, [CONNECT])
    again = [reply(socket, accept=True), reply(socket, accept=True, text="one"), reply(socket, accept=False)]
    worker.answer(turn, reply(socket, accept=True), *again)
    assert await socket.decided()
    socket.opened()
    worker.act(reply(socket, accept=True), reply(socket, text="two"))
    assert written(socket).frames == ["one", "two"]
    assert written(socket).code == 0


async def expired(socket: TurnSocket, seconds: float) -> bool:
    try:
        await socket.decided(seconds)
    except TimeoutError:
        return True
    return False


async def test_a_lost_connect_is_handed_over_again_and_the_browser_waits_as_long_anew(
    turns: Turns, worker: Worker, browsers: Browsers, settings: Any
) -> None:
    settings.CHANNEL_WAIT_SECONDS = 5.0
    socket = browsers.knock()
    await worker.take(1, [CONNECT])
    waiting = asyncio.ensure_future(expired(socket, 0.2))
    await asyncio.sleep(0)
    await LostTurns(turns).look(time.monotonic() + AFTER_LOST_CONNECT)
    assert socket.in_hand is not None
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.4)
    (turn,) = await worker.take(1, [CONNECT])
    worker.answer(turn, reply(socket, accept=True))
    assert await asyncio.wait_for(waiting, 1) is False


async def test_a_handshake_ends_before_the_interface_server_gives_it_up(
    turns: Turns, worker: Worker, browsers: Browsers, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.interface.turns.socket.MAX_HANDSHAKE_SECONDS", 0.1)
    settings.CHANNEL_WAIT_SECONDS = 15.0
    socket = browsers.knock()
    await worker.take(1, [CONNECT])
    waiting = asyncio.ensure_future(expired(socket, 15.0))
    await asyncio.sleep(0)
    await LostTurns(turns).look(time.monotonic() + AFTER_LOST_CONNECT)
    assert await asyncio.wait_for(waiting, 2)


async def test_a_disconnect_of_a_dead_worker_is_not_given_up_as_early_as_a_connect(
    turns: Turns, worker: Worker, browsers: Browsers
) -> None:
    socket = await browsers.open()
    turns.leave(socket, 1000)
    (turn,) = await worker.take(1, [DISCONNECT])
    await LostTurns(turns).look(time.monotonic() + AFTER_LOST_CONNECT)
    assert socket.in_hand is not None
    assert socket.turn == turn.turn
