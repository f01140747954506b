"""The tests that a team wrote for 1.x's delayed messages, on the layer in memory."""

import json
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.utils import timezone

from channels_legacy import Channel, channel_layers
from channels_legacy.asgi import ChannelLayerWrapper
from channels_legacy.delay.models import DelayedMessage
from channels_legacy.delay.worker import Worker
from tests.channels_legacy.conftest import received

pytestmark = pytest.mark.usefixtures("delayed")


class PatchedWorker(Worker):
    """Ends after some rounds."""

    rounds = 0

    @property
    def termed(self) -> Any:
        self.rounds -= 1
        return self.rounds < 0

    @termed.setter
    def termed(self, value: int) -> None:
        self.rounds = value


def run(rounds: int, later: float = 0.0) -> None:
    worker = PatchedWorker(channel_layers["default"], signal_handlers=False)
    worker.termed = rounds
    with mock.patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(milliseconds=later)):
        worker.run()


def test_an_invalid_message_is_not_kept(layer: ChannelLayerWrapper) -> None:
    layer.send("asgi.delay", {"test": "value"})
    run(1)
    assert DelayedMessage.objects.count() == 0


def test_a_message_is_kept_and_sent_when_it_is_due(layer: ChannelLayerWrapper) -> None:
    Channel("asgi.delay").send({"channel": "test", "delay": 1000, "content": {"test": "value"}}, immediately=True)
    run(1)
    assert DelayedMessage.objects.count() == 1
    run(1, later=1001)
    assert DelayedMessage.objects.count() == 0
    assert received(layer, "test") == [{"test": "value"}]


def test_a_message_for_a_full_channel_is_kept_for_a_second(layer: ChannelLayerWrapper) -> None:
    layer.channel_layer.capacity = 1  # type: ignore[attr-defined]
    for _ in range(2):
        DelayedMessage(content=json.dumps({"test": "data"}), channel_name="test", delay=0).save()
    run(1, later=1)
    (message,) = DelayedMessage.objects.all()
    assert message.delay == 1000 if hasattr(message, "_delay") else message.due_date > timezone.now()


def test_the_worker_refuses_the_layer_of_a_stack(stack: ChannelLayerWrapper) -> None:
    with pytest.raises(RuntimeError, match="the clock sends delayed messages"):
        Worker(stack)
