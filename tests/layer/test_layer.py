"""The two layers against a real Redis."""

import asyncio
import random
import uuid
from typing import Any

import msgpack
import pytest
from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from django.core.checks import run_checks
from django.db import transaction
from redis.asyncio import Redis

from proj.layer import loop
from proj.layer.messages import MAX_MESSAGE_BYTES, ChannelMessage, MessageTooLarge, RoomFlash, RunsCancel, RunState
from proj.layer.names import room_group, run_group, service_group
from proj.layer.publish import apublish, awake, wake
from proj.layer.redis.frame_layer import FrameLayer
from proj.layer.redis.work_layer import WorkLayer

PROBE = {"type": "doctor.probe", "probe": "x"}

# a field is missing or has another type, or the message type is unknown
MALFORMED: list[Any] = [
    {},
    {"type": "nobody.knows", "room": 1},
    {"type": "room.flash", "room": "1", "frame": "{}"},
    {"type": "room.flash", "room": 1},
    {"type": "room.flash", "room": 1, "frame": "{}", 7: "x"},
    {"type": "room.frames", "room": 1},
    {"type": "room.frames", "room": 1, "frames": None},
    {"type": "room.frames", "room": [1], "frames": []},
    {"type": "room.frames", "room": 1, "frames": [], "times": 5},
    {"type": "room.frames", "room": 1, "frames": {}},
    {"type": "room.frames", "room": 1, "frames": [[1]]},
    {"type": "socket.replies", "replies": [["1", "{}"]]},
    {"type": "run.state", "state": []},
    {"type": "chat.batch", "process": "p", "items": []},
    {"room": 1, "frame": "{}"},
    ["room.flash", 1, "{}"],
    None,
]


def flash(number: int) -> RoomFlash:
    return RoomFlash(room=number, frame="{}")


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> RunsCancel:
    """A message to a channel that nobody consumes."""
    monkeypatch.setattr(RunsCancel, "CHANNEL", f"test.{uuid.uuid4().hex}")
    return RunsCancel(run="x")


def frames() -> FrameLayer:
    return get_channel_layer()  # type: ignore[no-any-return]


def work() -> WorkLayer:
    return get_channel_layer("work")  # type: ignore[no-any-return]


async def listener(layer: FrameLayer, group: str) -> str:
    """Return a channel in `group` that is certainly subscribed: it receives every later message."""
    channel: str = await layer.new_channel()
    await layer.group_add(group, channel)
    while True:
        await layer.group_send(group, PROBE)
        try:
            await asyncio.wait_for(asyncio.shield(receiving := asyncio.ensure_future(layer.receive(channel))), 0.2)
            return channel
        except TimeoutError:
            receiving.cancel()


async def test_named_channels_keep_their_order() -> None:
    channel = f"test.{uuid.uuid4().hex}"
    for n in range(50):
        await work().send(channel, {"type": "doctor.probe", "probe": str(n)})
    taken = await work().take(channel, 20)
    taken += await work().take(channel, 100)
    assert [work().deserialize(data)["probe"] for data in taken] == [str(n) for n in range(50)]


async def test_messages_that_arrived_together_are_received_together_and_in_order(
    caplog: pytest.LogCaptureFixture,
) -> None:
    layer, room = frames(), random.randrange(10**9)
    channel = await listener(layer, room_group(room))
    loop_part = layer.loop_part()
    queue = loop_part.channels[channel]
    await layer.group_send_many([RoomFlash(room=room, frame=str(n)) for n in range(10)])
    wire = await loop_part.shard(channel).publishing.get()
    bad = [b"\xc1 is no message", b"\x05", b"", b"\x80", *map(msgpack.packb, MALFORMED)]
    for data in bad:
        await wire.call("PUBLISH", channel, data)
    await layer.group_send_many([RoomFlash(room=room, frame=str(n)) for n in range(10, 20)])
    async with asyncio.timeout(20):
        while queue.qsize() < 20 + len(bad):  # noqa: ASYNC110 - the queue has no event for that
            await asyncio.sleep(0.01)
    assert [message.frame for message in await layer.receive_all(channel)] == [str(n) for n in range(20)]  # type: ignore[union-attr]
    assert queue.empty()
    assert caplog.text.count("cannot read a message of") == len(bad)


async def test_a_message_that_cannot_be_sent_costs_its_neighbours_nothing() -> None:
    layer, room = frames(), random.randrange(10**9)
    channel = await listener(layer, room_group(room))
    odd = RoomFlash(room=room, frame=object())  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError):
        await layer.group_send_many([RoomFlash(room=room, frame="1"), odd, RoomFlash(room=room, frame="2")])
    received: list[str] = []
    async with asyncio.timeout(20):
        while len(received) < 2:
            received += [message.frame for message in await layer.receive_all(channel)]  # type: ignore[union-attr]
    assert received == ["1", "2"]


async def test_a_waiting_take_can_be_ended() -> None:
    channel = f"test.{uuid.uuid4().hex}"
    layer = WorkLayer(hosts=work().hosts, prefix=work().prefix)
    layer.brpop_timeout = 60
    taking = asyncio.ensure_future(layer.take(channel))
    async with asyncio.timeout(20):
        while not taking.done():  # the take may not block yet
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
    # commands inside a script are counted as well, so only commands that came over the connection are compared
    trips = {name: after[name]["calls"] - before.get(name, {"calls": 0})["calls"] for name in after}
    assert trips["cmdstat_evalsha"] == 1
    assert trips["cmdstat_bzmpop"] == 1
    assert not trips.get("cmdstat_eval")


async def test_a_server_without_bzmpop_is_served_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = WorkLayer(hosts=work().hosts, prefix=work().prefix)
    layer.pops_many = False
    channel = f"test.{uuid.uuid4().hex}"
    for _ in range(2):
        await layer.send(channel, PROBE)
    assert [len(await layer.take(channel, 10)) for _ in range(2)] == [1, 1]
    await layer.close_pools()


async def test_three_hundred_busy_groups_are_published_to_in_one_go() -> None:
    room = random.randrange(10**9)
    channel = await listener(frames(), room_group(room))
    assert await apublish([*map(flash, range(300)), RoomFlash(room=room, frame="last")])
    received = PROBE
    while received["type"] == "doctor.probe":
        received = await asyncio.wait_for(frames().receive(channel), 5)
    assert received["frame"] == "last"


async def test_one_message_reaches_each_of_its_groups() -> None:
    run, uid = uuid.uuid4().hex, f"s{random.randrange(10**9)}"
    channels = [await listener(frames(), group) for group in (run_group(run), service_group(uid))]
    message = RunState(state={"run": run, "service": uid})
    assert await apublish([message])
    assert [await frames().receive_all(channel) for channel in channels] == [[message], [message]]


async def test_a_caller_hears_once_that_lost_subscriptions_are_renewed(redis_url: str) -> None:
    layer, renewed = frames(), asyncio.Event()
    channels = [await listener(layer, f"test.{uuid.uuid4().hex}") for _ in range(3)]
    calls: list[int] = []
    layer.call_when_renewed(lambda: calls.append(1))
    layer.call_when_renewed(renewed.set)
    async with asyncio.timeout(20), Redis.from_url(redis_url) as redis:
        await redis.client_kill_filter(_type="pubsub")
        await renewed.wait()
        for channel in channels:
            await layer.send(channel, PROBE)
            assert await layer.receive(channel) == PROBE
    assert calls == [1]


async def test_three_hundred_senders_at_once_find_a_connection() -> None:
    channel = f"test.{uuid.uuid4().hex}"
    await asyncio.gather(*(work().send(channel, PROBE) for _ in range(300)))
    assert await work().waiting(channel) == 300


async def test_a_message_that_is_too_large_is_refused_and_its_neighbours_are_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    room = random.randrange(10**9)
    channel = await listener(frames(), room_group(room))
    huge = RoomFlash(room=17, frame="x" * (MAX_MESSAGE_BYTES + 1))
    plain = {"type": "room.flash", "room": 17, "frame": huge.frame}
    with pytest.raises(MessageTooLarge):
        await frames().group_send("room.17", plain)
    with pytest.raises(MessageTooLarge):
        await work().send("chat", plain)
    assert not await apublish([huge, RoomFlash(room=room, frame="beside it")])
    assert [message.frame for message in await frames().receive_all(channel)] == ["beside it"]  # type: ignore[union-attr]
    assert f"could not publish to room.17, room.{room}: MessageTooLarge" in caplog.text
    assert not await awake(RunsCancel(run="x" * (MAX_MESSAGE_BYTES + 1)))
    assert "could not wake the workers of channel runs: MessageTooLarge" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_wake_up_leaves_after_the_commit_and_not_without_it(probe: ChannelMessage) -> None:
    def waiting() -> object:
        return loop.run(work().waiting(probe.CHANNEL), 5)

    with transaction.atomic():
        wake(probe)
        assert waiting() == 0
    assert waiting() == 1
    with pytest.raises(RuntimeError), transaction.atomic():
        wake(probe)
        raise RuntimeError
    assert waiting() == 1


def test_a_timeout_that_would_kill_idle_listeners_is_an_error(settings: Any) -> None:
    assert not [found for found in run_checks() if found.id == "signalbox.E001"]
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "proj.layer.redis.frame_layer.FrameLayer", "CONFIG": {"hosts": ["redis://localhost"]}}
    }
    assert [found for found in run_checks() if found.id == "signalbox.E001"]
