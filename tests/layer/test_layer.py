"""The two layers against a real Redis."""

import asyncio
import uuid
from typing import Any

import pytest
from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from django.core.checks import run_checks
from django.db import transaction

from proj.layer import messages
from proj.layer.messages import BadMessage, MessageTooLarge
from proj.layer.publish import apublish, awake, publish, wake
from proj.layer.redis import FrameLayer, WorkLayer

PROBE = {"type": "doctor.probe", "probe": "x"}


def frames() -> FrameLayer:
    return get_channel_layer()  # type: ignore[no-any-return]


def work() -> WorkLayer:
    return get_channel_layer("work")  # type: ignore[no-any-return]


async def listener(layer: FrameLayer, group: str) -> str:
    """A channel in `group` that certainly hears what is sent from now on."""
    channel: str = await layer.new_channel()
    await layer.group_add(group, channel)
    while True:
        await layer.group_send(group, PROBE)
        try:
            await asyncio.wait_for(asyncio.shield(hearing := asyncio.ensure_future(layer.receive(channel))), 0.2)
            return channel
        except TimeoutError:
            hearing.cancel()


async def test_named_channels_keep_their_order() -> None:
    channel = f"test.{uuid.uuid4().hex}"
    for n in range(50):
        await work().send(channel, {"type": "doctor.probe", "probe": str(n)})
    taken = await work().take(channel, 20)
    taken += await work().take(channel, 100)
    assert [work().deserialize(data)["probe"] for data in taken] == [str(n) for n in range(50)]


async def test_what_has_arrived_together_is_received_together_and_in_order() -> None:
    layer, group = frames(), f"g{uuid.uuid4().hex}"
    channel = await listener(layer, group)
    queue = layer._get_layer().channels[channel]
    await layer.group_send_many([(group, PROBE | {"probe": str(n)}) for n in range(10)])
    wire = await layer._get_layer()._get_shard(channel).publishing.get()
    await wire.call("PUBLISH", channel, b"\xc1 is no message")
    await layer.group_send_many([(group, PROBE | {"probe": str(n)}) for n in range(10, 20)])
    async with asyncio.timeout(20):
        while queue.qsize() < 21:  # noqa: ASYNC110 - the queue has no event for that
            await asyncio.sleep(0.01)
    assert [message["probe"] for message in await layer.receive_all(channel)] == [str(n) for n in range(20)]
    assert queue.empty()


async def test_who_waits_for_messages_need_not_wait_on() -> None:
    channel = f"test.{uuid.uuid4().hex}"
    layer = WorkLayer(hosts=work().hosts, prefix=work().prefix)
    layer.brpop_timeout = 60
    taking = asyncio.ensure_future(layer.take(channel))
    async with asyncio.timeout(20):
        while not taking.done():  # it may not wait yet
            await asyncio.sleep(0.01)
            await layer.stop_waiting(channel)
    assert await taking == []
    await layer.send(channel, PROBE)
    assert [layer.deserialize(data) for data in await layer.take(channel)] == [PROBE]
    await layer.close_pools()


async def test_a_message_is_handed_to_one_taker_only() -> None:
    channel = f"test.{uuid.uuid4().hex}"
    for n in range(300):
        await work().send(channel, {"type": "doctor.probe", "probe": str(n)})

    async def taker() -> list[str]:
        layer = WorkLayer(hosts=work().hosts, prefix=work().prefix)
        mine: list[str] = []
        while taken := await layer.take(channel, 7):
            mine += [layer.deserialize(data)["probe"] for data in taken]
        await layer.close_pools()
        return mine

    got = [probe for mine in await asyncio.gather(taker(), taker(), taker()) for probe in mine]
    assert sorted(map(int, got)) == list(range(300))


async def test_a_full_channel_refuses() -> None:
    layer = WorkLayer(hosts=work().hosts, prefix=work().prefix, capacity=3)
    channel = f"test.{uuid.uuid4().hex}"
    for _ in range(3):
        await layer.send(channel, PROBE)
    with pytest.raises(ChannelFull):
        await layer.send(channel, PROBE)
    await layer.close_pools()


async def test_one_command_sends_and_one_receives() -> None:
    channel = f"test.{uuid.uuid4().hex}"
    await work().send(channel, PROBE)  # loads the script
    await work().take(channel)
    redis = work().connection(0)
    before = await redis.info("commandstats")
    await work().send(channel, PROBE)
    await work().take(channel)
    after = await redis.info("commandstats")
    # a script's own commands are counted as well, so only those that came over the connection are compared
    trips = {name: after[name]["calls"] - before.get(name, {"calls": 0})["calls"] for name in after}
    assert trips["cmdstat_evalsha"] == 1
    assert trips["cmdstat_bzmpop"] == 1
    assert not trips.get("cmdstat_eval")


async def test_a_server_without_bzmpop_is_served_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = WorkLayer(hosts=work().hosts, prefix=work().prefix)
    layer._pops_many = False
    channel = f"test.{uuid.uuid4().hex}"
    for _ in range(2):
        await layer.send(channel, PROBE)
    assert [len(await layer.take(channel, 10)) for _ in range(2)] == [1, 1]
    await layer.close_pools()


async def test_three_hundred_busy_groups_are_told_in_one_go() -> None:
    group = f"room.{uuid.uuid4().hex}"
    channel = await listener(frames(), group)
    told = [(f"room.{n}", {"type": "room.flash", "room": n, "frame": "{}"}) for n in range(300)]
    assert await apublish([*told, (group, {"type": "room.flash", "room": 1, "frame": "last"})])
    heard = PROBE
    while heard["type"] == "doctor.probe":
        heard = await asyncio.wait_for(frames().receive(channel), 5)
    assert heard["frame"] == "last"


async def test_three_hundred_senders_at_once_find_a_connection() -> None:
    channel = f"test.{uuid.uuid4().hex}"
    await asyncio.gather(*(work().send(channel, PROBE) for _ in range(300)))
    assert await work().waiting(channel) == 300


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": "nobody.knows"},
        {"type": "room.flash", "room": "1", "frame": "{}"},
        {"type": "room.flash", "room": 1},
        {"type": "room.flash", "room": 1, "frame": "{}", "more": 1},
        {"type": "room.flash", "room": 1, "frame": "{}", 7: "x"},
    ],
)
def test_what_nobody_could_read_is_refused_before_it_leaves(message: dict[Any, Any]) -> None:
    with pytest.raises(BadMessage):
        publish("room.1", message)
    with pytest.raises(BadMessage):
        wake("chat", message)


async def test_what_is_too_large_is_refused() -> None:
    huge = {"type": "room.flash", "room": 1, "frame": "x" * (messages.LARGEST + 1)}
    with pytest.raises(MessageTooLarge):
        await frames().group_send("room.1", huge)
    with pytest.raises(MessageTooLarge):
        await work().send("chat", huge)
    assert not await apublish([("room.1", huge)])
    assert not await awake("chat", {"type": "doctor.probe", "probe": "x" * (messages.LARGEST + 1)})


@pytest.mark.django_db(transaction=True)
def test_a_wake_up_leaves_after_the_commit_and_not_without_it() -> None:
    channel = f"test.{uuid.uuid4().hex}"

    def waiting() -> int:
        from proj.layer import loop

        return loop.run(work().waiting(channel), 5)

    with transaction.atomic():
        wake(channel, PROBE)
        assert waiting() == 0
    assert waiting() == 1
    with pytest.raises(RuntimeError), transaction.atomic():
        wake(channel, PROBE)
        raise RuntimeError
    assert waiting() == 1


def test_a_timeout_that_would_kill_idle_listeners_is_an_error(settings: Any) -> None:
    assert not [found for found in run_checks() if found.id == "signalbox.E001"]
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "proj.layer.redis.FrameLayer", "CONFIG": {"hosts": ["redis://localhost"]}}
    }
    assert [found for found in run_checks() if found.id == "signalbox.E001"]
