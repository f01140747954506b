"""Delayed messages at the line that sends: kept in the database, or refused with a reason."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from channels_legacy import Channel
from channels_legacy.asgi import ChannelLayerWrapper
from channels_legacy.channel import pending_message_store
from channels_legacy.delay import models
from channels_legacy.delay.models import DelayedMessage
from channels_legacy.layers.delayed import MAX_DELAY_MS
from channels_legacy.layers.protocol import ChannelFull
from tests.channels_legacy.conftest import received


def send(immediately: bool = False, **fields: Any) -> None:
    Channel("asgi.delay").send({"channel": "own", "content": {"n": 1}, "delay": 1000} | fields, immediately)


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"channel": 7}, TypeError, "the name of a channel must be text, not int"),
        ({"channel": ""}, TypeError, "must have 1 to 255 bytes"),
        ({"channel": "asgi.delay"}, ValueError, "cannot be delayed again"),
        ({"content": "text"}, TypeError, "the content must be a dict, not str"),
        ({"content": {"a": object()}}, TypeError, r"content\['a'\] is object"),
        ({"content": {"a": b"x"}}, TypeError, "the content is kept as JSON: Object of type bytes"),
        ({"content": {"a": "x" * 800_000}}, ValueError, "a message at most"),
        ({"delay": "1000"}, TypeError, "must be a number of milliseconds, not '1000'"),
        ({"delay": True}, TypeError, "must be a number of milliseconds"),
        ({"delay": -1}, ValueError, "the delay must be 0 to"),
        ({"delay": MAX_DELAY_MS + 1}, ValueError, "the delay must be 0 to"),
        ({"delay": float("nan")}, ValueError, "the delay must be 0 to"),
    ],
)
def test_a_mistake_is_refused_at_the_line_that_sends(fields: Any, error: type[Exception], sentence: str) -> None:
    pending_message_store.prepare()  # inside of a consumer, too
    try:
        with pytest.raises(error, match=sentence):
            send(**fields)
    finally:
        pending_message_store.send_and_flush()


def test_a_part_that_is_missing_is_named() -> None:
    with pytest.raises(TypeError, match="content, delay is missing"):
        Channel("asgi.delay").send({"channel": "own"})


def test_in_memory_the_message_waits_on_its_channel(layer: ChannelLayerWrapper) -> None:
    send()
    assert received(layer, "asgi.delay") == [{"channel": "own", "content": {"n": 1}, "delay": 1000}]


def test_a_message_is_a_row_of_the_transaction(stack: ChannelLayerWrapper) -> None:
    for ends in (True, False):
        with transaction.atomic():
            send()
            transaction.set_rollback(ends)
    (message,) = DelayedMessage.objects.all()
    assert (message.channel_name, message.content, message.started) == ("own", '{"n": 1}', False)
    assert message.next_try_at == message.due_date
    assert not DelayedMessage.objects.is_due().exists()
    assert str(message).startswith("own at ")


def test_a_message_of_a_consumer_is_kept_when_the_consumer_ends(stack: ChannelLayerWrapper) -> None:
    pending_message_store.prepare()
    send()
    assert not DelayedMessage.objects.exists()
    pending_message_store.send_and_flush()
    send(delay=0)
    assert DelayedMessage.objects.is_due().count() == 1
    assert DelayedMessage.objects.count() == 2


def test_only_so_many_messages_wait(stack: ChannelLayerWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MAX_DELAYED_MESSAGES", 2)
    send()
    send()
    with pytest.raises(ChannelFull, match=r"asgi\.delay is full: 2 delayed messages wait"):
        send()


def test_the_command_of_channels_1_says_that_the_clock_does_its_work(delayed: None) -> None:
    with pytest.raises(CommandError, match="the clock sends delayed messages"):
        call_command("rundelay", "--sleep", "1")
