"""Sockets of Channels 1.x code on real interface processes, workers and Redis."""

import asyncio
import contextlib
import signal
import uuid
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.conftest import wait_for
from tests.sockets.channels1 import Channels1, frame, frames

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def running(redis_url: str) -> Iterator[Channels1]:
    channels = Channels1()
    try:
        channels.start()
        yield channels
    finally:
        channels.stop()


@pytest.fixture
def channels1(running: Channels1) -> Iterator[Channels1]:
    yield running
    running.ensure_workers()


@pytest.fixture
def path() -> str:
    return f"/channel/{uuid.uuid4().hex[:8]}/"


async def closed(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        while True:
            await frame(socket)
    return socket.close_code


async def test_frames_are_answered_in_order_and_the_session_counts_them(channels1: Channels1, path: str) -> None:
    async with channels1.open(path) as socket:
        assert await frame(socket) == f"welcome to {path} of version 1"
        for number in range(50):
            await socket.send(f"m{number}" if number % 2 else "count")
        expected = [f"{number + 1} m{number}" if number % 2 else f"{number // 2 + 1}" for number in range(50)]
        assert await frames(socket, 50) == expected
    await asyncio.to_thread(wait_for, lambda: channels1.disconnects(path) == ["1000"])


async def test_groups_reach_the_sockets_of_all_interfaces_also_from_a_command(channels1: Channels1, path: str) -> None:
    async with channels1.open(path, 0) as alice, channels1.open(path, 1) as bob:
        for socket in (alice, bob):
            await frame(socket)
        await alice.send("group hello")
        assert [await frame(alice), await frame(bob)] == ["hello", "hello"]
        code = f"from channels_legacy import Group; Group({path!r}).send({{'text': 'from the shell'}})"
        await asyncio.to_thread(channels1.manage, "shell", "-c", code)
        assert [await frame(alice), await frame(bob)] == ["from the shell", "from the shell"]


async def test_an_own_channel_and_immediate_replies(channels1: Channels1, path: str) -> None:
    async with channels1.open(path) as socket:
        await frame(socket)
        await socket.send("own 7")
        assert await frame(socket) == "own 7"
        await socket.send("slow 3")
        assert await asyncio.wait_for(frame(socket), 2) == "begun"
        assert await frame(socket) == "over"


async def test_the_members_of_a_group_and_the_session_of_another_socket(channels1: Channels1, path: str) -> None:
    async with channels1.open(path, 0) as alice, channels1.open(path, 1) as bob:
        names = []
        for socket in (alice, bob):
            await frame(socket)
            await socket.send("name")
            names.append(await frame(socket))
        await bob.send("count")
        assert await frame(bob) == "1"
        await alice.send(f"members {path}")
        assert sorted((await frame(alice)).split()) == sorted(names)
        await alice.send(f"peek {names[1]}")
        assert await frame(alice) == "1"
        await bob.send("count")
        assert await frame(bob) == "41"
        await alice.send("peek websocket.send.elsewhere!1")
        assert await frame(alice) == "None"


def hand_over(channels1: Channels1, seconds: int = 0) -> None:
    """Do the clock's work, after the leases of the messages have ended."""
    code = f"""
import datetime, time
from channels_legacy.delay import handing, models
from django.db.models import F
models.DelayedMessage.objects.update(next_try_at=F("next_try_at") - datetime.timedelta(seconds={seconds}))
time.sleep(0.2)  # the delay of the messages
handing.hand_over_due()
"""
    channels1.manage("shell", "-c", code)


async def test_a_delayed_message_is_a_turn_of_its_socket_and_survives_its_worker(
    channels1: Channels1, path: str
) -> None:
    async with channels1.open(path) as socket:
        await frame(socket)
        await socket.send("later 1")
        assert await frame(socket) == "later"
        await asyncio.to_thread(hand_over, channels1)
        assert await frame(socket) == "own 1"
        await socket.send("later die-once")
        assert await frame(socket) == "later"
        await asyncio.to_thread(hand_over, channels1)
        await asyncio.to_thread(wait_for, (channels1.folder / "die-once").exists)
        await asyncio.to_thread(wait_for, lambda: "died with a turn of 1" in channels1.log("interface_0"))
        await asyncio.to_thread(hand_over, channels1, 60)
        assert await frame(socket) == "own die-once"


@pytest.mark.parametrize("end", ["deny", "silent", "boom"])
async def test_a_socket_that_its_code_does_not_accept_is_refused(channels1: Channels1, end: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with channels1.open(f"/channel/{end}/"):
            pass
    assert refused.value.response.status_code == 403
    if end == "silent":
        assert "tests.sockets.team.consumers.connect sent no" in channels1.log("interface_0")


async def test_a_consumer_that_raises_or_sends_too_much_harms_nobody(channels1: Channels1, path: str) -> None:
    async with channels1.open(path) as socket:
        await frame(socket)
        for text in ("raise trouble", "large 10000000", "still here"):
            await socket.send(text)
        assert await frame(socket) == "3 still here"
        await socket.send("close 4007")
        assert await closed(socket) == 4007
    await asyncio.to_thread(wait_for, lambda: channels1.disconnects(path) == ["4007"])


async def test_workers_restart_with_other_code_while_frames_wait(channels1: Channels1, path: str) -> None:
    async with channels1.open(path) as socket:
        await frame(socket)
        for name in ("channels_0", "channels_1"):
            assert await asyncio.to_thread(channels1.end, name) == 0
        for number in range(100):
            await socket.send(str(number))
        for number in range(2):
            await asyncio.to_thread(channels1.start_worker, number, "2")
        assert await frames(socket, 100) == [f"{number + 1} {number}" for number in range(100)]
        async with channels1.open(path) as other:
            assert await frame(other) == f"welcome to {path} of version 2"


async def test_only_the_frame_of_a_killed_worker_is_lost(channels1: Channels1, path: str) -> None:
    async with channels1.open(path) as socket, channels1.open(path, 1) as other:
        await frame(socket)
        await frame(other)
        await socket.send("die")
        await socket.send("alive")
        await other.send("I do not notice")
        assert await frame(other) == "1 I do not notice"
        assert await frame(socket) == "2 alive"
        assert "a worker died with a turn of 1 messages" in channels1.log("interface_0")


async def test_a_connect_of_a_killed_worker_and_a_disconnect_are_not_lost(channels1: Channels1, path: str) -> None:
    async with channels1.open(path) as socket:
        await frame(socket)
        for name in ("channels_0", "channels_1"):
            await asyncio.to_thread(channels1.end, name, signal.SIGKILL)
        with pytest.raises(InvalidStatus):
            async with channels1.open(path):
                pass
        await socket.send("the last words")
    assert channels1.disconnects(path) == []
    await asyncio.to_thread(channels1.ensure_workers)
    await asyncio.to_thread(wait_for, lambda: channels1.disconnects(path) == ["1000"])


async def test_hanging_consumers_leave_the_threads_to_others_and_are_named(channels1: Channels1, path: str) -> None:
    await asyncio.to_thread(channels1.end, "channels_1")
    async with contextlib.AsyncExitStack() as stack:
        hanging = [await stack.enter_async_context(channels1.open(path)) for _ in range(4)]
        other = await stack.enter_async_context(channels1.open(path))
        for socket in (*hanging, other):
            await frame(socket)
        for socket in hanging:
            await socket.send("slow 13")
        await other.send("me too")
        assert await frame(other) == "1 me too"
        # The other one may have come first, before all threads were taken.
        named = "tests.sockets.team.consumers.receive has been running for 10 s"
        await asyncio.to_thread(wait_for, lambda: named in channels1.log("channels_0"))
        assert [await frames(socket, 2) for socket in hanging] == [["begun", "over"]] * 4


async def test_a_browser_that_does_not_read_is_closed(channels1: Channels1, path: str) -> None:
    async with channels1.open(path) as alice, channels1.open(path) as deaf:
        await frame(alice)
        await frame(deaf)
        deaf.transport.pause_reading()
        for _ in range(80):
            await alice.send("group " + "x" * 100_000)
            await frame(alice)
        deaf.transport.resume_reading()
        assert await closed(deaf) == 4408
    await asyncio.to_thread(wait_for, lambda: sorted(channels1.disconnects(path)) == ["1000", "4408"])


async def test_signing_out_closes_the_sockets_of_a_person(channels1: Channels1, path: str) -> None:
    cookie = await asyncio.to_thread(channels1.cookie, "alice")
    async with channels1.open(path, 0, cookie) as alice, channels1.open(path) as nobody:
        await frame(alice)
        await frame(nobody)
        code = "from proj.accounts.models import User; User.objects.filter(username='alice').update(is_active=False)"
        await asyncio.to_thread(channels1.manage, "shell", "-c", code)
        assert await closed(alice) == 4401
        await nobody.send("group of nobody")
        assert await frame(nobody) == "of nobody"
    await asyncio.to_thread(wait_for, lambda: sorted(channels1.disconnects(path)) == ["1000", "4401"])


async def test_a_page_of_another_origin_is_refused(channels1: Channels1, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with channels1.open(path, origin="http://elsewhere.example"):
            pass
    assert refused.value.response.status_code == 403


async def test_the_disconnects_of_a_killed_interface_process_are_not_lost(channels1: Channels1, path: str) -> None:
    async with channels1.open(path, 1) as alice, channels1.open(path, 1) as bob, channels1.open(path, 0) as charlie:
        for socket in (alice, bob, charlie):
            await frame(socket)
        await asyncio.to_thread(channels1.end, "interface_1", signal.SIGKILL)
        assert [await closed(alice), await closed(bob)] == [1006, 1006]
        await asyncio.to_thread(channels1.expire_dead_interfaces)
        sweep = "from proj.layer.clock import send_lost_disconnects; send_lost_disconnects()"
        await asyncio.to_thread(channels1.manage, "shell", "-c", sweep)
        await asyncio.to_thread(wait_for, lambda: channels1.disconnects(path) == ["1006", "1006"])
        await charlie.send("still here")
        assert await frame(charlie) == "1 still here"
