"""A turn in a worker of Channels 1.x code: its answer holds what the consumers did, in order."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from channels_legacy import Channel, Group
from channels_legacy.asgi import ChannelLayerWrapper, channel_layers
from channels_legacy.exceptions import ConsumeLater
from channels_legacy.layers.stack import StackLayer
from channels_legacy.routing import route
from consumers.workers.legacy.answering import messages_of
from consumers.workers.legacy.turn import MAX_ACT_BYTES, MAX_TRIES_LATER, TRIES_KEY, RunningTurn
from proj.layer.messages import ChannelAct, Turn, packed

PROCESS = "p" * 32
NAME = f"websocket.send.{PROCESS}!3"


@pytest.fixture
def run(settings: Any) -> Callable[..., RunningTurn]:
    settings.CHANNEL_LOOSE = ["loose.*"]

    def call(consumer: Callable[[Any], None], channel: str = "websocket.receive", **fields: Any) -> RunningTurn:
        wrapper = ChannelLayerWrapper(StackLayer(), "default", [route(channel, consumer)])
        former = channel_layers.set("default", wrapper)
        try:
            where = {"process": PROCESS, "socket": 3, "turn": 9} | fields.pop("where", {})
            content = packed({"reply_channel": NAME, "text": "hi", **fields.pop("content", {})})
            running = RunningTurn(Turn(channel=channel, contents=[content], **where, **fields))
            running.run(wrapper)
        finally:
            channel_layers.set("default", former)
        return running

    return call


def content(act: ChannelAct) -> object:
    return msgspec.msgpack.decode(act.content)


def test_the_answer_has_the_acts_in_order_and_the_session(run: Callable[..., RunningTurn]) -> None:
    def consumer(message: Any) -> None:
        message.reply_channel.send({"text": "one"})
        Group("运维").add(message.reply_channel)
        Group("运维").send({"text": "two"})
        Channel("thumbnails").send({"reply_channel": NAME, "picture": 7})
        message.channel_layer.save_session(NAME, {**message.channel_layer.session(NAME), "n": 2})

    running = run(consumer, session='{"m":1}')
    (answer,) = running.answers(done=True)
    assert [(act.verb, act.to, act.name) for act in answer.acts] == [
        ("add", NAME, "运维"),  # at once; the others when the consumer ends
        ("reply", NAME, ""),
        ("group", "运维", ""),
        ("queue", NAME, "thumbnails"),
    ]
    assert content(answer.acts[1]) == {"text": "one"}
    assert (answer.process, answer.socket, answer.turn, answer.part, answer.done) == (PROCESS, 3, 9, 1, True)
    assert answer.session == '{"m":1,"n":2}'
    assert answer.consumer.endswith("consumer")


def test_messages_without_a_socket_and_of_loose_channels_go_to_the_workers(run: Callable[..., RunningTurn]) -> None:
    def consumer(message: Any) -> None:
        Channel("loose.work").send({"reply_channel": NAME})
        Channel("other").send({"n": 1})

    running = run(consumer)
    assert [turn.channel for turn in running.take_queued()] == ["loose.work", "other"]
    assert running.answers(done=True)[0].acts == []


def test_a_consumer_that_raises_sends_what_it_had_sent_before(run: Callable[..., RunningTurn]) -> None:
    def consumer(message: Any) -> None:
        message.reply_channel.send({"text": "before"})
        raise RuntimeError("trouble")

    (answer,) = run(consumer).answers(done=True)
    assert [content(act) for act in answer.acts] == [{"text": "before"}]


def test_a_long_answer_is_cut_and_an_act_beyond_a_message_is_refused(run: Callable[..., RunningTurn]) -> None:
    def consumer(message: Any) -> None:
        for _ in range(10):
            message.reply_channel.send({"text": "x" * 100_000})

    running = run(consumer)
    with pytest.raises(ValueError, match="at most"):
        running.act(ChannelAct("reply", NAME, content=packed({"text": "x" * MAX_ACT_BYTES})))
    answers = running.answers(done=True)
    assert sum(len(answer.acts) for answer in answers) == 10
    assert [answer.part for answer in answers] == list(range(1, len(answers) + 1))
    assert [answer.done for answer in answers] == [False] * (len(answers) - 1) + [True]
    messages = messages_of(answers)
    assert len(messages) > 1
    assert {message.process for message in messages} == {PROCESS}


def test_an_answer_with_a_group_goes_to_all_processes(run: Callable[..., RunningTurn]) -> None:
    own = run(lambda message: message.reply_channel.send({"text": "x"})).answers(done=True)
    far = run(lambda _: Group("a").send({"text": "x"})).answers(done=True)
    other = run(lambda _: Channel("websocket.send.q!1").send({"text": "x"})).answers(done=True)
    assert [message.process for message in messages_of([*own, *far, *other])] == [PROCESS, ""]


def test_a_message_that_is_put_off_stays_with_its_socket_or_is_sent_again(run: Callable[..., RunningTurn]) -> None:
    def consumer(message: Any) -> None:
        raise ConsumeLater

    assert run(consumer).answers(done=True)[0].later == 0
    assert run(consumer).postponed() is None
    alone = {"process": "", "socket": 0}
    rest = run(consumer, "thumbnails", where=alone).postponed()
    assert rest is not None
    assert msgspec.msgpack.decode(rest.contents[0])[TRIES_KEY] == 1
    assert run(consumer, "thumbnails", where=alone, content={TRIES_KEY: MAX_TRIES_LATER}).postponed() is None


def test_a_session_is_bounded_and_of_json_types(run: Callable[..., RunningTurn]) -> None:
    refused: list[type[Exception]] = []

    def consumer(message: Any) -> None:
        for data in ({"x": "x" * 70_000}, {"x": object()}):
            try:
                message.channel_layer.save_session(NAME, data)
            except Exception as error:
                refused.append(type(error))

    assert run(consumer).answers(done=True)[0].session is None
    assert refused == [ValueError, TypeError]
