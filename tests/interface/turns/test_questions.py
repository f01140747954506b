"""Questions of other processes about the sockets here: the members of a group, and a session without its sign-in."""

import asyncio
import json
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from consumers.interface.support.tasks import Tasks
from consumers.interface.turns.turns import Turns
from proj.layer import turns as layer_turns
from proj.layer.messages import ChannelAct, TurnQuestion, packed
from proj.layer.names import TURNS_GROUP
from tests.interface.turns.conftest import Browsers, Worker, add

SIGN_IN = {SESSION_KEY: "7", BACKEND_SESSION_KEY: "b", HASH_SESSION_KEY: "h", settings.SESSION_COOKIE_NAME: "secret"}


@pytest.fixture
async def listening(turns: Turns) -> Any:
    """The process receives the questions that are sent to all."""
    layer: Any = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(TURNS_GROUP, channel)
    tasks = Tasks()

    async def receive() -> None:
        for message in await layer.receive_all(channel):
            if isinstance(message, TurnQuestion):
                turns.deliver_question(message)

    tasks.repeat(receive)
    yield
    await tasks.stop()
    await layer.group_discard(TURNS_GROUP, channel)


@pytest.mark.usefixtures("listening")
async def test_the_members_of_a_group_are_named(turns: Turns, worker: Worker, browsers: Browsers) -> None:
    alice, bob = await browsers.open(), await browsers.open()
    worker.act(add("\u8fd0\u7ef4", alice), add("\u8fd0\u7ef4", bob), add("other", bob))
    assert await layer_turns.ask("members", "\u8fd0\u7ef4") == [alice.name, bob.name]
    assert await layer_turns.ask("members", "nobody") == []
    assert await layer_turns.ask("unheard of", "\u8fd0\u7ef4") == []
    turns.leave(alice, 1000)
    assert await layer_turns.ask("members", "\u8fd0\u7ef4") == [bob.name]
    work: Any = get_channel_layer("work")
    assert await work.connection(0).keys(f"{work.prefix}turns-answers:*") == []


@pytest.mark.usefixtures("listening")
async def test_a_session_is_shown_and_replaced_without_its_sign_in(
    turns: Turns, worker: Worker, browsers: Browsers
) -> None:
    socket = await browsers.open()
    socket.session = json.dumps({"room": "ops"} | SIGN_IN)
    (text,) = await layer_turns.ask("session", socket.name)
    assert json.loads(text) == {"room": "ops"}
    stolen = dict.fromkeys(SIGN_IN, "another")
    worker.act(ChannelAct("session", socket.name, content=packed(json.dumps({"room": "dev"} | stolen))))
    assert json.loads(socket.session) == {"room": "dev"} | SIGN_IN
    worker.act(ChannelAct("session", socket.name, content=packed("[]")))
    assert json.loads(socket.session)["room"] == "dev"
    for name in (
        f"websocket.send.{turns.process}!987654321",
        "websocket.send.elsewhere!1",
        "forged",
        "websocket.send.!",
    ):
        assert await layer_turns.ask("session", name) == []


async def test_without_an_interface_process_nobody_is_asked() -> None:
    assert await layer_turns.ask("members", "any") == []


async def test_a_process_that_does_not_answer_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    layer: Any = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(TURNS_GROUP, channel)
    monkeypatch.setattr(layer_turns, "ANSWER_SECONDS", 0.05)
    with pytest.raises(TimeoutError, match="1 of 1 interface processes did not answer in time"):
        await asyncio.wait_for(layer_turns.ask("members", "any"), 5)
    await layer.group_discard(TURNS_GROUP, channel)
