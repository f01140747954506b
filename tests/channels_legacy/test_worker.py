"""One message through `perform`: the outcome, the replies and their order, the signals, the log."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from channels_legacy import Channel, Group, route
from channels_legacy.asgi import ChannelLayerWrapper
from channels_legacy.exceptions import ConsumeLater, DenyConnection, WebsocketCloseException
from channels_legacy.message import Message
from channels_legacy.signals import consumer_finished, consumer_started, worker_ready
from channels_legacy.worker import Outcome, Performed, Worker, consumed_channels, perform
from tests.channels_legacy.conftest import SOCKET, received

pytestmark = pytest.mark.django_db
Routed = Callable[..., None]


def turn(layer: ChannelLayerWrapper, channel: str = "websocket.receive", **content: Any) -> Performed:
    return perform(channel, {"reply_channel": SOCKET, "path": "/", **content}, layer)


def raising(error: BaseException) -> Callable[[Message], None]:
    def consumer(message: Message) -> None:
        message.reply_channel.send({"text": "before"})  # type: ignore[union-attr]
        raise error

    return consumer


def test_replies_leave_in_order_when_the_consumer_has_ended(layer: ChannelLayerWrapper, routed: Routed) -> None:
    during = []

    def consumer(message: Message) -> None:
        assert message.reply_channel
        message.reply_channel.send({"text": "1"})
        Group("everybody").add(message.reply_channel)
        Group("everybody").send({"text": "2"})
        Channel("own").send({"text": "3"})
        during.extend(received(layer))

    routed(route("websocket.receive", consumer))
    name = f"{__name__}.test_replies_leave_in_order_when_the_consumer_has_ended.<locals>.consumer"
    assert turn(layer) == Performed(name, Outcome.DONE)
    assert during == []
    assert received(layer) == [{"text": "1"}, {"text": "2"}]
    assert received(layer, "own") == [{"text": "3"}]


def test_a_message_sent_immediately_does_not_wait(layer: ChannelLayerWrapper, routed: Routed) -> None:
    def consumer(message: Message) -> None:
        Group("g").add(SOCKET)
        Channel(SOCKET).send({"text": "late"})
        Channel(SOCKET).send({"text": "at once"}, immediately=True)
        Group("g").send({"text": "at once, too"}, immediately=True)

    routed(route("websocket.receive", consumer))
    turn(layer)
    assert [one["text"] for one in received(layer)] == ["at once", "at once, too", "late"]


def test_outside_of_consumers_messages_leave_at_once(layer: ChannelLayerWrapper) -> None:
    Channel("own").send({"a": 1})
    Group("g").add("own")
    Group("g").send({"a": 2})
    Group("g").discard("own")
    Group("g").send({"a": 3})
    assert received(layer, "own") == [{"a": 1}, {"a": 2}]


def test_a_consumer_that_raises_is_named_in_the_log_and_its_replies_leave(
    layer: ChannelLayerWrapper, routed: Routed, caplog: pytest.LogCaptureFixture
) -> None:
    routed(route("websocket.receive", raising(KeyError("room"))))
    done = turn(layer)
    assert done.outcome == Outcome.FAILED
    assert isinstance(done.error, KeyError)
    assert received(layer) == [{"text": "before"}]
    assert "raising.<locals>.consumer failed on websocket.receive (socket websocket.send.1!7)" in caplog.text


def test_a_consumer_that_exits_is_a_failure(layer: ChannelLayerWrapper, routed: Routed) -> None:
    routed(route("websocket.receive", raising(SystemExit(3))))
    assert turn(layer).outcome == Outcome.FAILED


@pytest.mark.parametrize(
    ("error", "reply"),
    [
        (DenyConnection(), {"close": True}),
        (WebsocketCloseException(4567), {"close": 4567}),
        (WebsocketCloseException(), {"close": True}),
    ],
)
def test_exceptions_for_the_socket_close_it(
    layer: ChannelLayerWrapper, routed: Routed, error: Exception, reply: dict[str, Any]
) -> None:
    routed(route("websocket.connect", raising(error)))
    assert turn(layer, "websocket.connect").outcome == Outcome.DONE
    assert received(layer) == [{"text": "before"}, reply]


def test_only_a_connect_can_be_denied(layer: ChannelLayerWrapper, routed: Routed) -> None:
    routed(route("websocket.receive", raising(DenyConnection())))
    assert isinstance(turn(layer).error, ValueError)


def test_only_a_socket_can_be_closed(layer: ChannelLayerWrapper, routed: Routed) -> None:
    routed(route("own", lambda message: WebsocketCloseException(4000).run(message)))
    assert isinstance(perform("own", {}, layer).error, ValueError)


@pytest.mark.parametrize("code", [0, 999, 1001, 2999, 5000])
def test_a_close_code_that_no_browser_takes_is_refused(code: int) -> None:
    with pytest.raises(ValueError, match="invalid close code"):
        WebsocketCloseException(code)


def test_an_unmatched_connect_is_accepted_and_other_frames_are_dropped(
    layer: ChannelLayerWrapper, caplog: pytest.LogCaptureFixture
) -> None:
    assert turn(layer, "websocket.connect") == Performed(None, Outcome.UNMATCHED)
    assert received(layer) == [{"accept": True}]
    assert turn(layer, "websocket.receive").outcome == Outcome.UNMATCHED
    assert turn(layer, "websocket.disconnect").outcome == Outcome.UNMATCHED
    assert received(layer) == []
    assert caplog.text == ""
    perform("own", {}, layer)
    assert "no route for a message on own" in caplog.text


def test_a_postponed_message_is_performed_again(layer: ChannelLayerWrapper, routed: Routed) -> None:
    calls: list[dict[str, Any]] = []
    worker = Worker(layer, signal_handlers=False)

    def consumer(message: Message) -> None:
        calls.append(dict(message.content))
        if len(calls) == 1:
            raise ConsumeLater
        worker.termed = True

    routed(route("own", consumer))
    assert perform("own", {"a": 1}, layer).outcome == Outcome.LATER
    calls.clear()
    Channel("own").send({"a": 1})
    worker.run()
    assert calls == [{"a": 1}, {"a": 1, "__retries__": 1}]


def test_a_message_that_is_postponed_for_ever_is_dropped(
    layer: ChannelLayerWrapper, routed: Routed, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(layer, signal_handlers=False, message_retries=2)

    def consumer(message: Message) -> None:
        worker.termed = message.get("__retries__", 0) == 2
        raise ConsumeLater

    routed(route("own", consumer))
    Channel("own").send({})
    worker.run()
    assert received(layer, "own") == []
    assert "postponed 2 times" in caplog.text


def test_signals_surround_the_consumer(layer: ChannelLayerWrapper, routed: Routed) -> None:
    seen: list[str] = []

    def started(environ: dict[str, str], **kwargs: object) -> None:
        seen.append("started")

    def finished(**kwargs: object) -> None:
        seen.append("finished")

    routed(route("own", lambda _message: seen.append("consumer")))
    consumer_started.connect(started)
    consumer_finished.connect(finished)
    try:
        perform("own", {}, layer)
    finally:
        consumer_started.disconnect(started)
        consumer_finished.disconnect(finished)
    assert seen == ["started", "consumer", "finished"]


def test_a_worker_that_is_ready_says_so() -> None:
    seen: list[object] = []

    def ready(sender: object, **kwargs: object) -> None:
        seen.append(sender)

    worker = Worker(None)  # type: ignore[arg-type]
    worker_ready.connect(ready)
    worker.ready()
    assert seen == [worker]


def test_a_full_channel_fails_the_turn_and_no_other_message(
    layer: ChannelLayerWrapper, routed: Routed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels_legacy.support.pending.RETRY_SECONDS", 0.1)

    def consumer(message: Message) -> None:
        for number in range(101):
            Channel("full").send({"n": number})
        Channel(SOCKET).send({"text": "behind"})

    routed(route("own", consumer))
    done = perform("own", {}, layer)
    assert done.outcome == Outcome.FAILED
    assert "could not send to full" in str(done.error)
    assert received(layer) == [{"text": "behind"}]
    assert len(received(layer, "full")) == 100


def test_globs_choose_the_channels_of_a_worker(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    names = {"yes.1", "yes.2", "no.1", "http.request"}
    assert consumed_channels(names) == ["no.1", "yes.1", "yes.2"]
    assert "the consumers of http.request are passed over" in caplog.text
    assert consumed_channels(names, only=["yes.*"], exclude=["*.2"]) == ["yes.1"]
    worker = Worker(None, only_channels=["yes.*"], exclude_channels=["*.2"])  # type: ignore[arg-type]
    assert worker.apply_channel_filters(["yes.2", "no.1", "yes.1"]) == ["yes.1"]
