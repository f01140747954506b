"""Commands on their way to the chat worker: at once after a quiet moment, in batches while more arrive."""

import asyncio
import itertools
import time
import uuid
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from channels.layers import get_channel_layer

from consumers.interface.chat import outbox as outboxes
from consumers.interface.chat.outbox import Outbox
from consumers.interface.transport.outlet import Outlet
from proj.layer.messages import ChatBatch
from proj.layer.names import CHAT_CHANNEL
from proj.rooms.log.commands import Command


class Nobody:
    """A line that nothing is expected on."""

    waiting = 0

    def write(self, frame: object) -> None:
        raise AssertionError(frame)

    def write_now(self, frames: object, wire: bytes) -> None:
        raise AssertionError(frames)

    def close(self, code: int, reason: str = "") -> None:
        raise AssertionError(code)


@pytest.fixture
async def outbox() -> Outbox:
    layer: Any = get_channel_layer("work")
    await layer.connection(0).delete(f"{layer.prefix}{CHAT_CHANNEL}")  # the commands of another test
    return Outbox("process")


def say(outbox: Outbox, number: int) -> None:
    outbox.put(Outlet(Nobody(), 1, "alice", plain=False), Command("post", 1, 1, str(uuid.uuid4()), str(number)))


async def handed_over() -> list[list[int]]:
    """The numbers that were said, in batches."""
    layer: Any = get_channel_layer("work")
    taken = await layer.take(CHAT_CHANNEL, 100)
    read = layer.reader(msgspec.msgpack.Decoder(ChatBatch))
    batches = [read(data).items for data in taken]
    return [[int(Command.unpacked(packed).text) for _, packed in items] for items in batches]


async def one_by_one(outbox: Outbox, count: int) -> None:
    """Say so much, and have each handed over before the next is said."""
    for number in range(count):
        say(outbox, number)
        await outbox.empty()


@pytest.mark.usefixtures("outbox")
async def test_whoever_speaks_now_and_then_is_heard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outboxes, "BATCH_INTERVAL_SECONDS", 1000.0)
    outbox = Outbox("process")
    clock = itertools.count(10_000.0, 300.0)  # each look is five minutes after the last one
    monkeypatch.setattr(outboxes, "time", SimpleNamespace(monotonic=lambda: next(clock), time=time.time))
    await one_by_one(outbox, 20)
    assert await handed_over() == [[number] for number in range(20)]


async def test_while_much_is_said_what_comes_soon_after_goes_together_and_in_order(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "BATCH_INTERVAL_SECONDS", 0.0)
    await one_by_one(outbox, 100)
    await handed_over()
    monkeypatch.setattr(outboxes, "BATCH_INTERVAL_SECONDS", 2.0)
    for number in range(5):
        say(outbox, number)
        await asyncio.sleep(0.001)
    await outbox.empty()
    assert await handed_over() == [[0, 1, 2, 3, 4]]


async def test_batches_that_are_large_by_themselves_do_not_wait(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "BATCH_INTERVAL_SECONDS", 3600.0)
    for start in range(0, 200, 100):
        for number in range(start, start + 100):
            say(outbox, number)
        await outbox.empty()
    assert await handed_over() == [list(range(100)), list(range(100, 200))]
