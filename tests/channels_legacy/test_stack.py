"""The layer of a running stack: group members, sessions of other sockets, and the calls that it refuses."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from channels_legacy import Group, channel_layers, route
from channels_legacy.asgi import ChannelLayerWrapper
from channels_legacy.layers import stack
from channels_legacy.layers.stack import StackLayer
from channels_legacy.routing import Router
from channels_legacy.sessions import session_for_reply_channel
from consumers.workers.legacy.turn import RunningTurn
from proj.layer.messages import ChannelAct, Turn, packed

OWN, OTHER = "websocket.send.p!3", "websocket.send.q!4"


@pytest.fixture(autouse=True)
def wrapper() -> Iterator[ChannelLayerWrapper]:
    wrapper = ChannelLayerWrapper(StackLayer(), "default", [])
    former = channel_layers.set("default", wrapper)
    yield wrapper
    channel_layers.set("default", former)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The questions; the group of all sockets has OTHER, whose session has a room."""
    questions: list[tuple[str, str]] = []

    def answer(verb: str, name: str) -> list[str]:
        questions.append((verb, name))
        return {"all": [OTHER], OTHER: ["", json.dumps({"room": "ops"})]}.get(name, [""])

    monkeypatch.setattr(stack, "_ask", answer)
    return questions


def run(wrapper: ChannelLayerWrapper, consumer: Any) -> list[ChannelAct]:
    """Run a consumer of the socket OWN; return its acts."""
    wrapper.router = Router([route("websocket.receive", consumer)])
    content = packed({"reply_channel": OWN})
    turn = RunningTurn(Turn("websocket.receive", [content], "p", 3, 1, session='{"own": 1}'))
    turn.run(wrapper)
    (answer,) = turn.answers(done=True)
    return answer.acts


def test_the_members_of_a_group_include_the_acts_of_the_running_consumer(
    wrapper: ChannelLayerWrapper, asked: list[tuple[str, str]]
) -> None:
    found: list[list[str]] = []

    def consumer(message: Any) -> None:
        Group("all").add(message.reply_channel)
        Group("others").add(message.reply_channel)
        found.append(message.channel_layer.group_channels("all"))
        Group("all").discard(OTHER)
        found.append(message.channel_layer.group_channels("all"))

    run(wrapper, consumer)
    assert found == [[OTHER, OWN], [OWN]]
    assert wrapper.group_channels("all") == [OTHER]
    assert asked == [("members", "all")] * 3


def test_the_session_of_another_socket_is_read_and_written(
    wrapper: ChannelLayerWrapper, asked: list[tuple[str, str]]
) -> None:
    found: list[dict[str, Any]] = []

    def consumer(message: Any) -> None:
        for name in (OWN, OTHER, "websocket.send.q!5", "forged"):
            session = session_for_reply_channel(name)
            found.append(dict(session.items()))
            session["seen"] = True
            session.save()

    acts = run(wrapper, consumer)
    assert found == [{"own": 1}, {"room": "ops"}, {}, {}]
    assert asked == [("session", OTHER), ("session", "websocket.send.q!5")]
    assert [(act.verb, act.to) for act in acts] == [("session", OTHER), ("session", "websocket.send.q!5")]
    assert json.loads(msgspec.msgpack.decode(acts[0].content)) == {"room": "ops", "seen": True}


def test_in_memory_it_is_the_session_of_the_test(wrapper: ChannelLayerWrapper) -> None:
    channel_layers.set("default", channel_layers.make_test_backend("default"))
    session = session_for_reply_channel(OTHER)
    session["a"] = 1
    session.save()
    assert session_for_reply_channel(OTHER)["a"] == 1


def test_a_call_without_a_counterpart_says_so(wrapper: ChannelLayerWrapper, caplog: pytest.LogCaptureFixture) -> None:
    for receive in (wrapper.receive_many, wrapper.receive):
        with pytest.raises(NotImplementedError, match="cannot receive from a, b: the workers of a stack take"):
            receive(["a", "b"], block=True)
    with pytest.raises(AttributeError, match="has no receive_twisted: it has send, send_group"):
        wrapper.receive_twisted  # noqa: B018
    wrapper.flush()
    assert "flush() does nothing" in caplog.text
    assert wrapper.extensions == ("groups",)
    assert wrapper.new_channel("reply!").startswith("reply!")
    assert issubclass(wrapper.MessageTooLarge, ValueError)
