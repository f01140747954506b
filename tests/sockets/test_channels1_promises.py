"""Promises of docs/channels1.md on real processes: handshakes, the rate of frames, and a browser that is held back."""

import time
import uuid
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.sockets.channels1 import Channels1, frame

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

PING_TIMEOUT_SECONDS = 3
HELD_BACK_SECONDS = 7.0  # more than twice as long
FRAMES = 400  # more than wait in the interface process


@pytest.fixture(scope="module")
def channels1(redis_url: str) -> Iterator[Channels1]:
    channels = Channels1(SIGNALBOX_CHANNEL_WAIT="5")
    try:
        channels.start()
        pings = ("--ping-interval", "1", "--ping-timeout", str(PING_TIMEOUT_SECONDS))
        channels.start_interface(*pings, SIGNALBOX_CHANNEL_RATE="0")
        channels.start_interface(SIGNALBOX_CHANNEL_RATE="2")
        channels.wait_for_interfaces()
        yield channels
    finally:
        channels.stop()


def path() -> str:
    return f"/channel/{uuid.uuid4().hex[:8]}/"


async def test_a_connect_that_raises_is_refused_at_once(channels1: Channels1) -> None:
    began = time.monotonic()
    with pytest.raises(InvalidStatus) as refused:
        async with channels1.open("/channel/boom/"):
            pass
    assert refused.value.response.status_code == 403
    assert time.monotonic() - began < 4
    assert "tests.sockets.team.consumers.connect raised in the connect" in channels1.log("interface_0")


async def test_a_browser_above_the_rate_is_closed(channels1: Channels1) -> None:
    async with channels1.open(path(), 3) as socket:
        await frame(socket)
        with pytest.raises(ConnectionClosed):
            for number in range(50):
                await socket.send(str(number))
            while True:
                await frame(socket)
        assert socket.close_code == 4429


async def test_a_browser_that_is_held_back_outlives_the_ping_timeout(channels1: Channels1) -> None:
    async with channels1.open(path(), 2) as socket:
        await frame(socket)
        await socket.send(f"slow {HELD_BACK_SECONDS}")
        assert await frame(socket) == "begun"
        for number in range(FRAMES):
            await socket.send(str(number))
        assert await frame(socket) == "over"
        assert [await frame(socket) for _ in range(FRAMES)] == [f"{number + 2} {number}" for number in range(FRAMES)]
