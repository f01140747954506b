"""Wires to a real Redis: order, loss, silence, sign-in."""

import asyncio
import subprocess
import time
import uuid
from pathlib import Path

import pytest
from channels.layers import get_channel_layer
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from proj.layer.redis import frame_layer as layers
from proj.layer.redis import wire as wires
from proj.layer.redis.channels_redis_internals import wire_pool
from proj.layer.redis.frame_layer import FrameLayer
from proj.layer.redis.wire import ReconnectingWire
from proj.layer.redis.work_layer import WorkLayer

PROBE = {"type": "doctor.probe", "probe": "x"}


def new_wire() -> ReconnectingWire:
    return ReconnectingWire(wire_pool(get_channel_layer("work").hosts[0]))


async def test_each_call_gets_its_own_reply_in_any_order_of_waiting() -> None:
    wire = await new_wire().get()
    calls = [asyncio.ensure_future(wire.call("ECHO", f"{n}" * n)) for n in range(1, 200)]
    assert [await one for one in calls] == [(f"{n}" * n).encode() for n in range(1, 200)]
    wire.drop()
    await asyncio.sleep(0)


async def test_an_error_is_raised_where_the_command_was_given_and_nowhere_else() -> None:
    wire = await new_wire().get()
    good, bad = asyncio.ensure_future(wire.call("ECHO", "x")), asyncio.ensure_future(wire.call("NONSENSE"))
    assert await good == b"x"
    with pytest.raises(ResponseError):
        await bad
    with pytest.raises(ResponseError):
        await wire.calls([("ECHO", "1"), ("NONSENSE",), ("ECHO", "2")])
    assert await wire.call("ECHO", "after") == b"after"
    wire.drop()
    await asyncio.sleep(0)


async def test_a_cancelled_call_does_not_shift_the_replies_of_others() -> None:
    wire = await new_wire().get()
    first = asyncio.ensure_future(wire.call("ECHO", "first"))
    await asyncio.sleep(0)
    first.cancel()
    assert await wire.call("ECHO", "second") == b"second"
    wire.drop()
    await asyncio.sleep(0)


async def test_a_lost_connection_fails_the_waiting_calls_and_is_opened_again() -> None:
    reconnecting = new_wire()
    wire = await reconnecting.get()
    waiting = asyncio.ensure_future(wire.call("BLPOP", f"nobody.{uuid.uuid4().hex}", 20))
    operator = get_channel_layer("work").connection(0)
    (ours,) = [client for client in await operator.client_list() if client["cmd"] == "blpop"]
    await operator.client_kill_filter(_id=ours["id"])
    with pytest.raises(RedisConnectionError):
        await asyncio.wait_for(waiting, 5)
    assert await (await reconnecting.get()).call("ECHO", "again") == b"again"
    await reconnecting.close()


async def test_a_silent_redis_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "MAX_SILENCE_SECONDS", 0.2)
    wire = await new_wire().get()
    with pytest.raises(RedisConnectionError):
        await asyncio.wait_for(wire.call("BLPOP", f"nobody.{uuid.uuid4().hex}", 20), 5)


async def test_a_silent_listener_pings_and_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "MAX_SILENCE_SECONDS", 0.1)
    replies: list[object] = []
    wire = await ReconnectingWire(wire_pool(get_channel_layer("work").hosts[0]), replies.append).get()
    wire.write(("SUBSCRIBE", "nobody.speaks"))
    end = time.monotonic() + 5
    while sum(reply[0] == b"pong" for reply in replies) < 3:  # type: ignore[index]
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
    assert not wire.lost
    wire.drop()
    await asyncio.sleep(0)


async def test_a_command_given_a_moment_ago_is_not_taken_for_one_without_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wires, "MAX_SILENCE_SECONDS", 0.9)
    wire = await new_wire().get()
    loop = asyncio.get_running_loop()
    for _ in range(3):  # a command sent just before a check is answered just after it
        await asyncio.sleep(wire._timer.when() - loop.time() + 0.01)
        await asyncio.sleep(wire._timer.when() - loop.time() - 0.05)
        assert await wire.call("BLPOP", f"nobody.{uuid.uuid4().hex}", 0.1) is None
    wire.drop()
    await asyncio.sleep(0)


async def test_a_listener_that_is_subscribed_to_nothing_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "MAX_SILENCE_SECONDS", 0.1)
    layer = FrameLayer(hosts=get_channel_layer("work").hosts)
    channel = await layer.new_channel()
    (shard,) = layer.shards
    await shard.unsubscribe(channel)
    wire = shard.listening.open
    await asyncio.sleep(0.5)  # it is pinged several times meanwhile
    assert shard.listening.open is wire
    await layer.flush()


async def test_a_channel_that_could_not_be_opened_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(layers, "SUBSCRIBE_TIMEOUT_SECONDS", 0.05)
    layer = FrameLayer(hosts=[{"address": f"unix://{tmp_path}/nobody.sock"}])
    for _ in range(3):
        with pytest.raises(RedisTimeoutError):
            await layer.new_channel()
    assert layer.channels == {}
    (shard,) = layer.shards
    assert shard.subscribed == set()
    await layer.flush()


async def test_subscriptions_come_back_after_the_connection_was_lost() -> None:
    layer: FrameLayer = get_channel_layer()
    channel = await layer.new_channel()
    groups = [f"room.{uuid.uuid4().hex}" for _ in range(3)]
    for group in groups:
        await layer.group_add(group, channel)
    await get_channel_layer("work").connection(0).client_kill_filter(_type="pubsub")
    missing = set(groups)
    hearing = asyncio.ensure_future(layer.receive(channel))
    end = time.monotonic() + 10
    while missing:
        assert time.monotonic() < end, "a group receives nothing any more"
        for group in missing:
            await layer.group_send(group, {**PROBE, "probe": group})
        if (await asyncio.wait((hearing,), timeout=0.1))[0]:
            missing.discard(hearing.result()["probe"])
            hearing = asyncio.ensure_future(layer.receive(channel))
    hearing.cancel()


async def test_a_script_that_redis_has_lost_is_sent_again() -> None:
    layer: WorkLayer = get_channel_layer("work")
    channel = f"test.{uuid.uuid4().hex}"
    await layer.send(channel, PROBE)
    await layer.connection(0).script_flush()
    await layer.send(channel, PROBE)
    assert len(await layer.take(channel, 5)) == 2


async def test_a_redis_with_a_password_and_another_database_serves_both_layers(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    command = ("redis-server", "--port", "0", "--unixsocket", str(path), "--requirepass", "pass word", "--save", "")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: ASYNC220 - it returns at once
        try:
            end = time.monotonic() + 10
            while not path.exists():
                assert time.monotonic() < end
                await asyncio.sleep(0.02)
            host = {"address": f"unix://:pass%20word@{path}?db=2"}
            work = WorkLayer(hosts=[host], prefix="x:")
            await work.send("chat", PROBE)
            assert await work.connection(0).execute_command("SELECT", 2)
            assert [work.deserialize(data) for data in await work.take("chat")] == [PROBE]
            frames = FrameLayer(hosts=[host])
            channel = await frames.new_channel()
            await frames.group_add("room.1", channel)
            await frames.group_send("room.1", PROBE)
            assert await asyncio.wait_for(frames.receive(channel), 5) == PROBE
            await frames.flush()
            await work.close_pools()
        finally:
            process.terminate()
