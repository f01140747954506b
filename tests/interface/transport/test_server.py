"""The interface server with real processes: it ends with a word, and bad clients harm only themselves."""

import asyncio
import contextlib
import json
import re
import time
import uuid
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.system.client import Client, hear, knock
from tests.system.raw import RawClient
from tests.system.stack import Stack

pytestmark = pytest.mark.system


async def make_room(stack: Stack) -> str:
    name = f"room {uuid.uuid4().hex[:8]}"
    await asyncio.to_thread(stack.manage, "addroom", name)
    return name


def offer(stack: Stack, room: str, messages: int, characters: int) -> None:
    """Post many large messages at once, as a command would: no socket's rate limit stands in the way."""
    code = (
        "import uuid; from proj.rooms.log import writing; from proj.rooms.log.commands import Command; "
        "from proj.rooms.models import Room; from proj.accounts.models import User; "
        f"room = Room.objects.get(name={room!r}); author = User.objects.get(username='alice'); "
        f"[writing.write_and_publish([Command('post', room.pk, author.pk, str(uuid.uuid4()), 'x' * {characters})] * 1)"
        f" for _ in range({messages})]"
    )
    stack.manage("shell", "-c", code)


def memory(stack: Stack) -> int:
    """Return the kB that both interface processes have written; shared pages depend on other processes."""
    total = 0
    for name, pid in stack.pids().items():
        if name.startswith("interface"):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Private_Dirty:\s+(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]
    return total


async def test_a_stopping_server_sends_its_browsers_away_with_a_word(stack: Stack) -> None:
    cookie = await asyncio.to_thread(stack.sign_in, "alice")
    sockets = await asyncio.gather(*(knock(stack.url, "lobby", cookie) for _ in range(40)))
    for socket in sockets:
        await hear(socket, "welcome")
    await asyncio.to_thread(stack.supervisorctl, "stop", "interface:*")
    closes = []
    for socket in sockets:
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(20):
                while True:
                    await socket.recv()
        assert closed.value.rcvd is not None, "it was cut off"
        closes.append((closed.value.rcvd.code, closed.value.rcvd.reason))
    await asyncio.to_thread(stack.supervisorctl, "start", "interface:*")
    assert {code for code, _ in closes} == {1012}
    hints = [float(reason.removeprefix("retry_after=")) for _, reason in closes]
    assert min(hints) >= 0
    assert max(hints) <= 3
    assert len(set(hints)) > 5, "all would come back at once"
    log = await asyncio.to_thread(stack.log, "supervisord")
    for name in ("interface_0", "interface_1"):
        assert [line for line in log.splitlines() if f"stopped: {name}" in line][-1].endswith("(exit status 0)")


async def test_what_was_said_before_the_end_is_handed_over(stack: Stack) -> None:
    room = await make_room(stack)
    cookie = await asyncio.to_thread(stack.sign_in, "bob")
    client = Client(stack.url, room, cookie)
    await client.until(client.live.is_set)
    restart = asyncio.ensure_future(asyncio.to_thread(stack.supervisorctl, "restart", "interface:*"))
    said = 0
    while not restart.done():
        await client.post(f"message {said}")
        said += 1
        await asyncio.sleep(0.12)
    await client.until(lambda: not client.pending)
    await client.until(lambda: client.seq == said)
    assert client.close_codes == [1012]
    assert client.faults == []
    await client.close()


async def test_a_client_that_never_reads_costs_no_more_than_its_bound(stack: Stack) -> None:
    room = await make_room(stack)
    cookies = await asyncio.to_thread(stack.sign_in_all, ["alice", "bob"])
    good = Client(stack.url, room, cookies["bob"])
    await good.until(good.live.is_set)
    deaf = await asyncio.to_thread(RawClient, stack.url, room, cookies["alice"])
    before = await asyncio.to_thread(memory, stack)
    offering = asyncio.ensure_future(asyncio.to_thread(offer, stack, room, 2500, 8000))
    most = 0
    while not offering.done():
        most = max(most, await asyncio.to_thread(memory, stack) - before)
        await asyncio.sleep(0.2)
    await offering
    await good.until(lambda: good.seq == 2500)
    assert good.connections == 1, "who reads was closed too"
    assert most < 12_000, f"memory grew by {most} kB for 20 MB offered and a bound of 1 MiB"
    end = time.monotonic() + 20
    while not await asyncio.to_thread(deaf.ended):
        assert time.monotonic() < end, "the socket of who never reads is still open"
    deaf.close()
    await good.close()


async def test_a_flood_is_held_back_and_harms_nobody_else(stack: Stack) -> None:
    room = await make_room(stack)
    cookies = await asyncio.to_thread(stack.sign_in_all, ["alice", "bob", "charlie"])
    flood = await asyncio.to_thread(RawClient, stack.url, room, cookies["charlie"])
    before = await asyncio.to_thread(memory, stack)

    def pour() -> None:
        with contextlib.suppress(OSError):
            for n in range(100_000):
                flood.say(json.dumps({"message": f"flood {n}"}))

    pouring = asyncio.ensure_future(asyncio.to_thread(pour))
    async with asyncio.timeout(60):
        bob = await knock(stack.url, room, cookies["bob"])
        await hear(bob, "welcome")
        for n in range(20):
            await bob.send(json.dumps({"message": f"calm {n}"}))
            while (await hear(bob, "message.posted"))["text"] != f"calm {n}":
                pass
            await asyncio.sleep(0.1)
        await pouring
    assert await asyncio.to_thread(memory, stack) - before < 8_000
    await bob.close()
    flood.close()


async def test_posting_without_redis_is_answered_busy_and_works_again_on_the_same_socket(stack: Stack) -> None:
    room = await make_room(stack)
    socket = await knock(stack.url, room, await asyncio.to_thread(stack.sign_in, "alice"))
    await hear(socket, "welcome")
    await asyncio.to_thread(stack.supervisorctl, "stop", "redis")
    client_id = str(uuid.uuid4())
    said = json.dumps({"message": "hello?", "client_id": client_id})
    await socket.send(said)
    error = await hear(socket, "error")
    await asyncio.to_thread(stack.supervisorctl, "start", "redis")
    while error["type"] == "error":
        assert (error["code"], error["client_id"]) == ("busy", client_id)
        assert error["retry_after"] > 0
        await asyncio.sleep(error["retry_after"])  # as the protocol asks
        await socket.send(said)
        error = await hear(socket, "error", "message.posted")
    assert error["seq"] == 1
    await socket.close()


@pytest.mark.timeout(400)
async def test_a_rolling_restart_under_load_is_not_noticed(stack: Stack) -> None:
    """500 open sockets, some of which talk: every page ends equal, none waits long, nothing acknowledged is lost."""
    room = await make_room(stack)
    cookies = await asyncio.to_thread(stack.sign_in_all, ["alice", "bob", "charlie"])
    keys = list(cookies.values())
    clients = [Client(stack.url, room, keys[n % 3]) for n in range(500)]
    for client in clients:
        await client.until(client.live.is_set)
    pids = await asyncio.to_thread(stack.pids)
    restart = asyncio.ensure_future(asyncio.to_thread(stack.run, "./deploy/restart"))
    posted, longest = 0, 0.0
    away: dict[int, float] = {}
    while not restart.done():
        for speaker in clients[:3]:
            await speaker.post(f"message {posted}")
            posted += 1
        now = time.monotonic()
        for number, client in enumerate(clients):
            if client.live.is_set():
                longest = max(longest, now - away.pop(number, now))
            else:
                away.setdefault(number, now)
        status, _, _ = await asyncio.to_thread(stack.get, "/sign-in/")
        assert status == 200, "a page failed"
        await asyncio.sleep(0.2)
    assert restart.result().returncode == 0, restart.result().stderr
    for client in clients:
        await client.until(lambda client=client: client.seq == posted and not client.pending)  # type: ignore[misc]
    after = await asyncio.to_thread(stack.pids)
    assert not {name for name in pids if after[name] == pids[name]} - {"redis", "nginx", "web"}
    assert longest < 15, f"somebody waited {longest:.1f} s"
    order = [event["client_id"] for event in clients[0].events]
    for client in clients:
        assert client.faults == []
        assert [event["client_id"] for event in client.events] == order
    await asyncio.gather(*(client.close() for client in clients))
