"""Synchronous callers share one event loop and its connections."""

import threading
import uuid

import pytest
from channels.layers import get_channel_layer

from proj.layer import loop
from proj.layer.messages import RoomFlash, RunsCancel
from proj.layer.publish import publish, wake


def connections() -> int:
    async def clients() -> int:
        return len(await get_channel_layer("work").connection(0).client_list())

    return loop.run(clients(), 5)


@pytest.mark.django_db(transaction=True)
def test_a_hundred_calls_need_no_more_connections_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    channel, message = f"test.{uuid.uuid4().hex}", RunsCancel(run="x")
    monkeypatch.setattr(RunsCancel, "CHANNEL", channel)
    publish(RoomFlash(room=1, frame="{}"))
    wake(message)
    before = connections()
    for _ in range(100):
        publish(RoomFlash(room=1, frame="{}"))
        wake(message)
    assert connections() <= before  # connections of earlier tests may end meanwhile
    assert loop.run(get_channel_layer("work").waiting(channel), 5) == 101
    assert [thread.name for thread in threading.enumerate()].count("layer") == 1


def test_a_call_that_takes_too_long_is_given_up() -> None:
    async def for_ever() -> None:
        import asyncio

        await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        loop.run(for_ever(), 0.05)
