"""A worker ends although its tasks swallow cancellations, as a Redis client does that is just connecting."""

import asyncio
from typing import Any

import pytest
from channels.layers import get_channel_layer
from channels.routing import ChannelNameRouter, ProtocolTypeRouter

from consumers.workers.base import WorkerConsumer
from consumers.workers.ending import end_tasks
from consumers.workers.worker import Worker
from proj.layer import heartbeat
from proj.layer.heartbeat import Beat

SWALLOWED = 3  # more cancellations than those that end an ordinary task
CHANNELS = ("one", "two", "three", "four")  # their heartbeats follow one another


class Stubborn:
    """Work that swallows the first cancellations, and gives up a test in which no others follow."""

    def __init__(self) -> None:
        self.left = SWALLOWED
        self.calls = 0

    async def work(self, _: Beat | None = None) -> None:
        self.calls += 1
        if self.calls > len(CHANNELS):
            raise AssertionError("nobody ends this task")
        try:
            await asyncio.sleep(4)  # longer than the take of a worker
        except asyncio.CancelledError:
            self.left -= 1
            if self.left < 0:
                raise


async def test_tasks_are_canceled_until_they_have_ended() -> None:
    stubborn = Stubborn()

    async def go_on() -> None:
        while True:
            await stubborn.work()

    task = asyncio.ensure_future(go_on())
    await asyncio.sleep(0)
    await asyncio.wait_for(end_tasks([task, None]), 10)
    assert task.cancelled()


class Nothing(WorkerConsumer):
    """A consumer of channels that stay empty."""

    async def handle(self, items: Any) -> None:
        raise AssertionError("the channels are empty")


def test_a_worker_ends_although_its_heartbeat_swallows_cancellations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # run() sets it; this restores it
    stubborn = Stubborn()
    monkeypatch.setattr(heartbeat, "beat", stubborn.work)
    routing = ProtocolTypeRouter({"channel": ChannelNameRouter(dict.fromkeys(CHANNELS, Nothing.as_asgi()))})
    Worker(routing, CHANNELS, get_channel_layer("work"), burst=True).run()
    assert stubborn.left < 0
