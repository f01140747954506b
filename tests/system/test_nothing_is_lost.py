"""Processes are killed with -9 under load: acknowledged messages are stored once, and all clients see the same room."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.system.client import Client
from tests.system.raw import RawClient
from tests.system.stack import Stack

pytestmark = [pytest.mark.system, pytest.mark.timeout(420)]

CLIENTS = 20
IDLE = 60  # seconds
VICTIMS = ["interface_0", "worker-chat", "web", "redis", "nginx", "interface_1", "supervisord"]


def stored(stack: Stack, room: str) -> list[dict[str, Any]]:
    """The room's log as the database has it."""
    code = (
        "import json; from proj.rooms.models import Room; "
        f"room = Room.objects.get(name={room!r}); "
        "print('log:' + json.dumps([[e.seq, e.client_id, e.text] for e in room.events.order_by('seq')]))"
    )
    rows = json.loads(stack.manage("shell", "-c", code).rpartition("log:")[2])
    return [{"seq": seq, "client_id": client_id, "text": text} for seq, client_id, text in rows]


async def kill_in_turn(stack: Stack, clients: list[Client]) -> None:
    """Kill each process once while the load runs; the next one when the last one is back and everyone has caught up."""
    for victim in VICTIMS:
        before = await asyncio.to_thread(stack.kill9, victim)
        if victim == "supervisord":
            await asyncio.to_thread(stack.start)
        end = time.monotonic() + 40
        while await asyncio.to_thread(_pid, stack, victim) in (0, before):
            assert time.monotonic() < end, f"{victim} did not come back"
            await asyncio.sleep(0.1)
        head = max(client.seq for client in clients) + 1  # somebody said something after it was back
        for client in clients:
            await client.until(lambda client=client, head=head: client.seq >= head)  # type: ignore[misc]


def _pid(stack: Stack, victim: str) -> int:
    try:
        return stack.pid(victim)
    except (OSError, KeyError):
        return 0


async def test_whatever_process_is_killed_nothing_acknowledged_is_lost_or_doubled(stack: Stack) -> None:
    room = "kill -9"
    await asyncio.to_thread(stack.manage, "addroom", room)
    cookies = await asyncio.to_thread(stack.sign_in_all, [f"person{n}" for n in range(CLIENTS)])
    clients = [Client(stack.url, room, cookie) for cookie in cookies.values()]
    for client in clients:
        await client.until(client.live.is_set)
    said: dict[str, str] = {}
    killing = asyncio.ensure_future(kill_in_turn(stack, clients))

    async def talk(client: Client, name: str) -> None:
        """Speak evenly for as long as processes are being killed, at a pace that the limit allows."""
        while not killing.done():
            text = f"{name} says {len(said)}"
            said[await client.post(text)] = text
            await asyncio.sleep(0.6)

    await asyncio.gather(*(talk(client, name) for client, name in zip(clients, cookies, strict=True)))
    await killing

    for client in clients:
        await client.until(lambda client=client: not client.pending)  # type: ignore[misc]
    log = await asyncio.to_thread(stored, stack, room)
    head = log[-1]["seq"]
    for client in clients:
        await client.until(lambda client=client: client.seq == head)  # type: ignore[misc]

    assert [event["seq"] for event in log] == list(range(1, len(said) + 1)), "a hole, or something twice"
    assert {event["client_id"]: event["text"] for event in log} == said
    order = [event["client_id"] for event in log]
    for client in clients:
        assert client.faults == []
        assert [event["client_id"] for event in client.events] == order[-len(client.events) :]
        assert {client_id: order.index(client_id) + 1 for client_id in client.acknowledged} == client.acknowledged
        assert client.connections > 1, "no socket was ever closed: nothing was tested"
        await client.close()
    assert len(set().union(*(client.acknowledged for client in clients))) == len(said)


async def test_restarting_the_worker_under_load_loses_nothing_and_closes_no_socket(stack: Stack) -> None:
    room = "restart"
    await asyncio.to_thread(stack.manage, "addroom", room)
    cookies = await asyncio.to_thread(stack.sign_in_all, ["alice", "bob", "charlie"])
    clients = [Client(stack.url, room, cookie) for cookie in cookies.values()]
    for client in clients:
        await client.until(client.live.is_set)
    restart = asyncio.ensure_future(asyncio.to_thread(stack.supervisorctl, "restart", "worker-chat"))
    posted = 0
    while not restart.done():
        for client in clients:
            await client.post(f"message {posted}")
            posted += 1
        await asyncio.sleep(0.15)
    assert "started" in restart.result()
    for client in clients:
        await client.until(lambda client=client: client.seq == posted)  # type: ignore[misc]
        await client.until(lambda client=client: not client.pending)  # type: ignore[misc]
        assert (client.connections, client.close_codes, client.faults, client.refused) == (1, [], [], [])
        await client.close()


async def test_after_redis_was_killed_messages_pass_as_quickly_as_before(stack: Stack) -> None:
    """Sockets stay open, and the feeds are in their groups again, instead of polling the database."""
    room = "redis"
    await asyncio.to_thread(stack.manage, "addroom", room)
    cookies = await asyncio.to_thread(stack.sign_in_all, ["alice", "bob", "charlie", "dave"])
    clients = [Client(stack.url, room, cookie) for cookie in cookies.values()]
    for client in clients:
        await client.until(client.live.is_set)
    await asyncio.to_thread(stack.kill9, "redis")
    await clients[0].post("while it is away")
    await clients[0].until(lambda: not clients[0].pending)
    quick = 0
    while quick < 20:  # in a row; the test's own time limit ends it otherwise
        said = time.monotonic()
        await clients[0].post("now")
        for client in clients:
            await client.until(lambda client=client: client.seq == clients[0].seq and not clients[0].pending)  # type: ignore[misc]
        quick = quick + 1 if time.monotonic() - said < 1 else 0  # polls of the database are three seconds apart
        await asyncio.sleep(0.12)
    for client in clients:
        assert (client.connections, client.close_codes, client.faults) == (1, [], [])
        await client.close()


async def test_nothing_dies_or_reconnects_in_an_idle_minute(stack: Stack) -> None:
    await asyncio.to_thread(stack.manage, "addroom", "idle")
    client = Client(stack.url, "idle", await asyncio.to_thread(stack.sign_in, "alice"))
    await client.until(client.live.is_set)
    pids = await asyncio.to_thread(stack.pids)
    chatty = asyncio.ensure_future(asyncio.to_thread(_talk_and_never_read, stack))
    # The minute is several times as long as each timeout of the parts in use.
    with pytest.raises(AssertionError, match="in vain: 1 connections"):
        await client.until(lambda: client.connections != 1, seconds=IDLE)
    assert await asyncio.to_thread(stack.pids) == pids
    assert await chatty, "a client that talks and never answers a ping was kept"
    await client.post("still here")
    await client.until(lambda: client.seq == 1)
    assert client.close_codes == []
    shares = {f"{name} {pid}": pss(pid) for name, pid in _processes(stack)}
    assert sum(shares.values()) < 550_000, f"kB of memory by process: {shares}"
    print("memory, kB of proportional set size:", sum(shares.values()), shares)
    await client.close()


def _talk_and_never_read(stack: Stack) -> bool:
    """Say something every two seconds and read nothing, not even pings, for as long as the test idles.

    Returns whether the server has hung up by then.
    """
    chatty = RawClient(stack.url, "lobby", stack.sign_in("bob"))
    end = time.monotonic() + IDLE
    try:
        while time.monotonic() < end:
            chatty.say('{"type": "seen", "seq": 0}')
            time.sleep(2)
        return chatty.ended()
    except OSError:
        return True
    finally:
        chatty.close()


def _processes(stack: Stack) -> list[tuple[str, int]]:
    return [
        (Path(f"/proc/{process.pid}/cmdline").read_text().replace("\0", " ")[:60], process.pid)
        for process in stack.processes()
    ]


def pss(pid: int) -> int:
    """Return the memory of a process in kB; shared pages count in proportion to the processes that share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise AssertionError(f"no Pss for {pid}")
