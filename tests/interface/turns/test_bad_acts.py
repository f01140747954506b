"""Acts of Channels 1.x code that cannot be carried out harm nobody, and the log names their consumer."""

import pytest

from consumers.interface.turns.late import LateReplies
from consumers.interface.turns.socket import MAX_WAITING_FRAMES, RECEIVE
from consumers.interface.turns.turns import Turns
from proj.layer.messages import ChannelAct, packed
from proj.metrics.definitions import REGISTRY
from tests.interface.turns.conftest import Browsers, Worker, add, reply, written


def late_replies() -> float:
    return REGISTRY.get_sample_value("signalbox_late_replies_total") or 0.0


def unreadable() -> float:
    return REGISTRY.get_sample_value("signalbox_unreadable_messages_total", {"reader": "turns"}) or 0.0


async def test_content_of_wrong_types_is_counted_and_logged_with_its_consumer(
    worker: Worker, browsers: Browsers, caplog: pytest.LogCaptureFixture
) -> None:
    before = unreadable()
    socket = await browsers.open()
    browsers.send(socket, "1")
    (turn,) = await worker.take(1, [RECEIVE])
    bad = ChannelAct("reply", socket.name, content=packed({"text": {"no": "text"}}))
    worker.answer(turn, bad, reply(socket, text="still here"), consumer="deck.consumers.receive")
    assert written(socket).frames == ["still here"]
    assert f"deck.consumers.receive: cannot carry out reply to {socket.name}" in caplog.text
    assert unreadable() == before + 1


async def test_replies_to_sockets_that_are_gone_are_counted_and_some_are_logged(
    turns: Turns, worker: Worker, browsers: Browsers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    before = late_replies()
    socket, gone = await browsers.open(), await browsers.open()
    turns.leave(gone, 1001)
    never = f"websocket.send.{turns.process}!99999999"
    browsers.send(socket, "1")
    (turn,) = await worker.take(1, [RECEIVE])
    acts = [reply(gone, text="late"), ChannelAct("reply", never, content=packed({"text": "?"}))]
    worker.answer(turn, *acts, add("g", gone), reply(socket, text="here"), consumer="deck.consumers.receive")
    assert written(socket).frames == ["here"]
    assert written(gone).frames == []
    assert not turns.groups.members("g")
    assert late_replies() == before + 2
    assert caplog.text.count("deck.consumers.receive: a reply to ") == 1


def test_a_later_line_says_how_many_late_replies_there_were(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO")
    late = LateReplies()
    for _ in range(5):
        late.count("websocket.send.p!1", "")
    monkeypatch.setattr("consumers.interface.turns.late.LOG_LATE_SECONDS", 0.0)
    late.count("websocket.send.p!1", "")
    assert [record.args[-1] for record in caplog.records if isinstance(record.args, tuple)] == [1, 5]
    assert "code of Channels 1.x: a reply to websocket.send.p!1, which is gone" in caplog.text


@pytest.mark.parametrize(
    "name",
    [
        *("websocket.send.", "websocket.send.!", "websocket.send.{process}", "websocket.send.{process}!"),
        *("websocket.send.{process}!-1", "websocket.send.{process}!1e3", "websocket.send.{process}!{number}!"),
        *("websocket.send.{process}x!{number}", "websocket.sent.{process}!{number}", "{process}!{number}", ""),
    ],
)
async def test_a_forged_reply_channel_reaches_no_socket(
    turns: Turns, worker: Worker, browsers: Browsers, name: str
) -> None:
    victim = await browsers.open()
    forged = name.format(process=turns.process, number=victim.outlet.id)
    content = packed({"text": "forged", "close": True})
    worker.act(*(ChannelAct(verb, forged, "g", content) for verb in ("reply", "add", "queue")))
    assert written(victim).frames == []
    assert written(victim).code == 0
    assert not turns.groups.members("g")
    assert victim.in_hand is None


async def test_a_socket_that_is_closed_no_longer_holds_its_browser_back(browsers: Browsers) -> None:
    """Its frames are left unhandled; the browser's answer to the close stands behind them."""
    socket = await browsers.open()
    browsers.send(socket, *(str(number) for number in range(MAX_WAITING_FRAMES + 1)))
    socket.close(1013)
    await socket.space()
