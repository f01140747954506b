"""The registry of sockets: when an interface process dies, its sockets get their disconnects all the same."""

import asyncio
from typing import Any

import pytest
from channels.layers import get_channel_layer

from consumers.interface.turns import registering
from consumers.interface.turns.registering import Registering
from consumers.interface.turns.socket import DISCONNECT
from consumers.interface.turns.turns import Turns
from proj.layer.clock import send_lost_disconnects
from proj.layer.redis.socket_registry import SocketRegistry
from tests.interface.turns.conftest import Browsers, Worker, contents


@pytest.fixture
async def registry(turns: Turns) -> SocketRegistry:
    layer: Any = get_channel_layer("work")
    redis = layer.connection(0)
    for key in await redis.keys(f"{layer.prefix}turns-*"):
        await redis.delete(key)
    return SocketRegistry(layer)


async def die(process: str) -> None:
    """Let the process' sign of life expire."""
    layer: Any = get_channel_layer("work")
    await layer.connection(0).delete(f"{layer.prefix}turns-alive:{process}")


async def test_a_socket_stands_there_from_its_connect_to_its_disconnect(
    registry: SocketRegistry, turns: Turns, worker: Worker, browsers: Browsers
) -> None:
    socket = await browsers.open("/channel/运维/")
    assert await registry.sockets(turns.process) == {socket.outlet.id: "/channel/运维/"}
    turns.leave(socket, 1000)
    (turn,) = await worker.take(1, [DISCONNECT])
    assert await registry.sockets(turns.process) == {socket.outlet.id: "/channel/运维/"}
    worker.answer(turn)
    await turns.close()
    assert await registry.sockets(turns.process) == {}


async def test_the_sockets_of_a_process_that_died_young_get_their_disconnects_once(
    registry: SocketRegistry, turns: Turns, worker: Worker, browsers: Browsers
) -> None:
    socket = await browsers.open("/channel/a/")
    await asyncio.to_thread(send_lost_disconnects)
    await die(turns.process)
    await asyncio.to_thread(send_lost_disconnects)
    await asyncio.to_thread(send_lost_disconnects)
    (turn,) = await worker.take(10, [DISCONNECT])
    assert contents(turn) == [{"reply_channel": socket.name, "path": "/channel/a/", "order": 0, "code": 1006}]
    assert await registry.dead() == []


async def test_a_redis_that_lost_its_data_is_told_of_all_sockets(
    registry: SocketRegistry, turns: Turns, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registering, "REGISTER_SECONDS", 0)
    monkeypatch.setattr(registering, "ALIVE_SECONDS", 0)
    socket = await browsers.open()
    kept = Registering(registry, turns.process, turns.sockets)
    await kept.keep()
    await registry.forget(turns.process)
    await kept.keep()
    assert await registry.sockets(turns.process) == {socket.outlet.id: "/channel/"}
