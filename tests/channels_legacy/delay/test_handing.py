"""Messages that are due: handed to the workers once, and again when nobody performed them."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from channels.layers import get_channel_layer
from django.db import close_old_connections, connections
from django.utils import timezone

from channels_legacy import Channel, route
from channels_legacy.asgi import ChannelLayerWrapper
from channels_legacy.delay import handing
from channels_legacy.delay.handing import MAX_BEGUN_TRIES, hand_over_due
from channels_legacy.delay.models import DelayedMessage
from channels_legacy.delay.sending import DELAYED_KEY
from channels_legacy.exceptions import ConsumeLater
from channels_legacy.routing import Router
from channels_legacy.signals import consumer_finished
from consumers.workers.legacy.turn import RunningTurn
from proj.layer import loop
from proj.layer.messages import ChannelAct, Turn
from proj.metrics.collecting import DelayedCollector
from proj.runs.management.commands import clock

PROCESS = "d" * 32
NAME = f"websocket.send.{PROCESS}!3"


@pytest.fixture(autouse=True)
def _begin(stack: ChannelLayerWrapper, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty Redis; no consumer closes the connection of the test's transaction."""
    consumer_finished.disconnect(close_old_connections)
    monkeypatch.setattr(handing, "close_old_connections", lambda: None)
    layer: Any = get_channel_layer("work")

    async def empty() -> None:
        redis = layer.connection(0)
        for key in await redis.keys(f"{layer.prefix}turns:*"):
            await redis.delete(key)

    loop.run(empty(), 5)
    yield
    consumer_finished.connect(close_old_connections)


def keep(channel: str = "own", **content: Any) -> DelayedMessage:
    Channel("asgi.delay").send({"channel": channel, "content": content, "delay": 0})
    message: DelayedMessage = DelayedMessage.objects.get(pk=max(DelayedMessage.objects.values_list("pk", flat=True)))
    return message


def taken(channel: str = "own") -> list[Turn]:
    """The turns that wait on a channel."""
    layer: Any = get_channel_layer("work")
    read = layer.reader(msgspec.msgpack.Decoder(Turn))

    async def take() -> list[Turn]:
        return [read(data) for data, _ in await layer.connection(0).zpopmin(f"{layer.prefix}turns:{channel}", 100)]

    return loop.run(take(), 5)


def content(turn: Turn) -> Any:
    return msgspec.msgpack.decode(turn.contents[0])


def perform(stack: ChannelLayerWrapper, turn: Turn, consumer: Callable[[Any], None]) -> RunningTurn:
    stack.router = Router([route(turn.channel, consumer)])
    running = RunningTurn(turn)
    running.run(stack)
    return running


def pass_time(seconds: float = 0.0) -> None:
    """Let the leases of all messages end."""
    DelayedMessage.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))
    if seconds:
        DelayedMessage.objects.update(due_date=timezone.now() - timedelta(seconds=seconds))


def test_a_message_that_is_due_is_performed_once_and_its_row_deleted(stack: ChannelLayerWrapper) -> None:
    Channel("asgi.delay").send({"channel": "own", "content": {"n": 2}, "delay": 60_000})
    message = keep(n=1, 运="维")
    hand_over_due()
    hand_over_due()
    (turn,) = taken()
    assert content(turn) == {"n": 1, "运": "维", DELAYED_KEY: message.pk}
    seen: list[Any] = []
    for _ in range(2):  # the second stands for one that was handed over twice
        perform(stack, turn, lambda message: seen.append(dict(message.content)))
    assert seen == [{"n": 1, "运": "维"}]
    assert [message.content for message in DelayedMessage.objects.all()] == ['{"n": 2}']


def test_many_messages_are_handed_over_in_their_order() -> None:
    for number in range(120):
        keep(n=number)
    hand_over_due()
    assert [content(turn)["n"] for turn in taken() + taken()] == list(range(120))


def test_a_message_that_redis_lost_is_handed_over_again_and_one_that_waits_keeps_its_place() -> None:
    keep(n=1)
    hand_over_due()
    keep(n=2)
    hand_over_due()
    pass_time()
    hand_over_due()
    assert [content(turn)["n"] for turn in taken()] == [1, 2]  # and Redis has lost them now
    hand_over_due()
    assert taken() == []  # not before their lease has ended
    pass_time()
    hand_over_due()
    assert [content(turn)["n"] for turn in taken()] == [1, 2]


def test_a_message_of_a_killed_worker_is_handed_over_again(stack: ChannelLayerWrapper) -> None:
    message = keep(n=1)
    hand_over_due()
    (turn,) = taken()
    assert handing.begin(message.pk)  # and then its worker is killed
    pass_time()
    hand_over_due()
    (turn,) = taken()
    seen: list[int] = []
    perform(stack, turn, lambda message: seen.append(message["n"]))
    assert seen == [1]
    assert not DelayedMessage.objects.exists()


def test_a_message_is_given_up_after_many_tries_or_a_week(caplog: pytest.LogCaptureFixture) -> None:
    tried, old = keep(n=1), keep("nobody", n=2)
    DelayedMessage.objects.filter(pk=tried.pk).update(tries=MAX_BEGUN_TRIES)
    DelayedMessage.objects.filter(pk=old.pk).update(due_date=timezone.now() - handing.MAX_OVERDUE)
    hand_over_due()
    assert not DelayedMessage.objects.exists()
    assert f"gave up the delayed message {tried.pk} for own: 10 workers began it" in caplog.text
    assert f"gave up the delayed message {old.pk} for nobody: no worker took it" in caplog.text


def test_a_message_that_is_put_off_comes_again_in_a_moment(stack: ChannelLayerWrapper) -> None:
    def later(message: Any) -> None:
        raise ConsumeLater

    keep(n=1)
    hand_over_due()
    (turn,) = taken()
    running = perform(stack, turn, later)
    assert (running.postponed(), running.answers(done=True)[0].later) == (None, -1)
    (message,) = DelayedMessage.objects.all()
    assert (message.started, message.tries) == (False, 1)
    assert message.next_try_at <= timezone.now() + handing.LATER_AFTER


def test_a_consumer_that_raises_ends_its_message(stack: ChannelLayerWrapper) -> None:
    keep(n=1)
    hand_over_due()
    perform(stack, taken()[0], lambda message: message["missing"])
    assert not DelayedMessage.objects.exists()


def test_a_message_that_goes_on_is_kept_by_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    message = keep(n=1)
    hand_over_due()
    assert handing.begin(message.pk)
    assert not handing.begin(message.pk)
    pass_time()
    monkeypatch.setattr(connections, "close_all", lambda: None)
    handing.renew([message.pk])
    taken()
    hand_over_due()
    assert taken() == []


def test_trouble_with_redis_keeps_the_messages(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: Any) -> None:
        raise OSError("away")

    keep(n=1)
    with monkeypatch.context() as patch:
        patch.setattr(handing, "send_due", fail)
        hand_over_due()
    assert "delayed messages wait: could not hand over 1 of them: OSError('away')" in caplog.text
    (message,) = DelayedMessage.objects.all()
    assert message.next_try_at <= timezone.now() + handing.SEND_AGAIN_AFTER
    pass_time()
    hand_over_due()
    assert len(taken()) == 1


def test_a_message_of_a_socket_goes_to_its_interface_process_and_a_reply_is_done_then() -> None:
    layer: Any = get_channel_layer()

    async def listen() -> str:
        channel: str = await layer.new_channel()
        await layer.group_add(f"interface.{PROCESS}", channel)
        return channel

    async def receive(channel: str) -> list[ChannelAct]:
        acts: list[ChannelAct] = []
        while len(acts) < 2:
            for message in await asyncio.wait_for(layer.receive_all(channel), 5):
                acts += [act for answer in message.answers for act in answer.acts]
        return acts

    channel = loop.run(listen(), 5)
    own = keep(reply_channel=NAME, n=1)
    keep(NAME, text="late")
    loose = keep("loose.work", reply_channel=NAME)
    hand_over_due()
    once, reply = loop.run(receive(channel), 6)
    assert (once.verb, once.to, once.name) == ("once", NAME, "own")
    assert msgspec.msgpack.decode(once.content) == {"reply_channel": NAME, "n": 1, DELAYED_KEY: own.pk}
    assert (reply.verb, reply.to, msgspec.msgpack.decode(reply.content)) == ("reply", NAME, {"text": "late"})
    assert len(taken("loose.work")) == 1
    assert set(DelayedMessage.objects.values_list("pk", flat=True)) == {own.pk, loose.pk}


def test_the_messages_of_a_process_that_is_gone_are_performed_without_a_socket() -> None:
    gone = "websocket.send.nowhere!1"
    keep(reply_channel=gone, n=1)
    keep(gone, text="late")
    hand_over_due()
    assert taken() == []
    assert DelayedMessage.objects.filter(next_try_at__lte=timezone.now() + handing.SEND_AGAIN_AFTER).count() == 2
    pass_time(31)
    hand_over_due()
    assert [content(turn)["n"] for turn in taken()] == [1]
    assert DelayedMessage.objects.get().channel_name == "own"


def test_the_clock_has_the_job_where_the_app_is_installed() -> None:
    assert hand_over_due in [function for _, function in clock.all_jobs()]


def test_two_clocks_claim_a_message_once() -> None:
    keep(n=1)
    now = timezone.now()
    assert len(handing._claim(now)) == 1
    assert handing._claim(now) == []


def test_the_metrics_count_the_messages_and_the_time_that_they_are_overdue() -> None:
    def samples() -> list[float]:
        return [sample.value for metric in DelayedCollector().collect() for sample in metric.samples]

    assert samples() == [0, 0]
    keep(n=1)
    Channel("asgi.delay").send({"channel": "own", "content": {}, "delay": 60_000})
    DelayedMessage.objects.filter(content__contains="n").update(due_date=timezone.now() - timedelta(seconds=90))
    count, overdue = samples()
    assert count == 2
    assert 90 <= overdue < 100
