"""The groups of an interface process: joined with the first reference, left after the last, during outages too."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from redis.exceptions import RedisError

from consumers.interface.support import subscriptions as module
from consumers.interface.support.subscriptions import Subscriptions
from consumers.interface.support.tasks import Tasks


class Layer:
    """A layer that notes the groups of the process, and fails a number of times."""

    def __init__(self) -> None:
        self.groups: set[str] = set()
        self.calls: list[str] = []
        self.failures = 0
        self.unreachable: set[str] = set()
        self.hangs = asyncio.Event()
        self.hangs.set()
        self.renewed: list[Callable[[], None]] = []

    def call_when_renewed(self, call: Callable[[], None]) -> None:
        self.renewed.append(call)

    async def new_channel(self) -> str:
        return "channel"

    async def group_add(self, group: str, channel: str) -> None:
        await self._call(f"add {group}")
        self.groups.add(group)

    async def group_discard(self, group: str, channel: str) -> None:
        await self._call(f"discard {group}")
        self.groups.discard(group)

    async def _call(self, call: str) -> None:
        await self.hangs.wait()
        await asyncio.sleep(0)
        if self.failures or call.removeprefix("add ") in self.unreachable:
            self.failures = max(0, self.failures - 1)
            raise RedisError("away")
        self.calls.append(call)


@pytest.fixture
def layer() -> Layer:
    return Layer()


@pytest.fixture
async def subscriptions(layer: Layer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Subscriptions]:
    monkeypatch.setattr(module, "JOIN_TIMEOUT_SECONDS", 0.1)
    tasks, subscriptions = Tasks(), Subscriptions(layer, ("all",), lambda: layer.calls.append("renewed"))
    tasks.repeat(subscriptions.synchronize)
    yield subscriptions
    await tasks.stop()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - of anything, not of one event
            await asyncio.sleep(0.01)


async def test_a_group_is_joined_once_and_left_after_its_last_reference(
    layer: Layer, subscriptions: Subscriptions
) -> None:
    changes: list[bool] = []
    for _ in range(3):
        await subscriptions.join("room", changes.append)
    subscriptions.leave("room")
    subscriptions.leave("room")
    await subscriptions.join("another")
    assert "room" in subscriptions
    subscriptions.leave("another")
    subscriptions.leave("room")
    await until(lambda: not len(subscriptions))
    assert "room" not in subscriptions
    assert layer.calls == ["add all", "renewed", "add room", "add another", *layer.calls[4:]]
    assert sorted(layer.calls[4:]) == ["discard another", "discard room"]
    assert changes == [True, False]


async def test_a_group_that_is_needed_again_at_once_is_not_left(layer: Layer, subscriptions: Subscriptions) -> None:
    await subscriptions.join("room")
    subscriptions.leave("room")
    await subscriptions.join("room")
    await subscriptions.join("another")  # changes are made one after the other
    assert "room" in subscriptions
    assert layer.calls == ["add all", "renewed", "add room", "add another"]


async def test_groups_that_could_not_be_joined_or_left_are_when_redis_is_back(
    layer: Layer, subscriptions: Subscriptions
) -> None:
    layer.failures = 3
    for group in ("one", "two"):
        await subscriptions.join(group)
    await until(lambda: layer.groups == {"all", "one", "two"})
    layer.failures = 2
    subscriptions.leave("one")
    await until(lambda: layer.groups == {"all", "two"})


async def test_an_outage_is_logged_once(
    layer: Layer, subscriptions: Subscriptions, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        layer.hangs.clear()
        for number in range(3):
            await subscriptions.join(f"room.{number}")
        layer.hangs.set()
        await until(lambda: len(layer.groups) == 4)
        for number in range(3):
            subscriptions.leave(f"room.{number}")
        await until(lambda: not len(subscriptions))
    assert caplog.text.count("Redis is away") == 2


async def test_a_group_that_cannot_be_joined_keeps_no_other_from_being_joined(
    layer: Layer, subscriptions: Subscriptions
) -> None:
    layer.unreachable = {"bad"}
    await subscriptions.join("bad")
    await subscriptions.join("good")
    await until(lambda: "good" in subscriptions)
    assert "bad" not in subscriptions


async def test_a_group_that_was_never_joined_is_reported_as_left_after_its_last_reference(
    layer: Layer, subscriptions: Subscriptions
) -> None:
    changes: list[bool] = []
    layer.unreachable = {"room"}
    await subscriptions.join("room", changes.append)
    subscriptions.leave("room")
    await until(lambda: not len(subscriptions))
    assert changes == [False]


async def test_the_caller_hears_when_messages_arrive_again_after_an_outage(
    layer: Layer, subscriptions: Subscriptions
) -> None:
    layer.failures = 2
    await subscriptions.join("room")
    await until(lambda: "room" in subscriptions)
    assert layer.calls == ["add all", "renewed", "add room"]
    (renewed,) = layer.renewed[-1:]
    renewed()
    assert layer.calls[-1] == "renewed"
