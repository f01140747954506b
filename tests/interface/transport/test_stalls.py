"""A slow query, a browser that is being closed, and an old socket hold up no other socket."""

import asyncio
import contextlib
import json
import signal
import socket as sockets
import sqlite3
import subprocess
import time
import uuid
from typing import Any

import pytest
from websockets.asyncio.client import unix_connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from tests.system.client import hear, knock
from tests.system.raw import RawClient
from tests.system.stack import Stack, wait_until

pytestmark = pytest.mark.system


async def test_a_slow_query_stalls_neither_open_sockets_nor_those_who_come(stack: Stack) -> None:
    cookies = await asyncio.to_thread(stack.sign_in_all, ["alice", "bob", "charlie"])
    room = f"room {uuid.uuid4().hex[:8]}"
    await asyncio.to_thread(stack.manage, "addroom", room)
    path = stack.root / "var" / "run" / "interface_0.sock"  # one process: a stall would stall both sockets

    def enter(name: str, room: str, *, protocol: bool = True) -> Any:
        return unix_connect(
            str(path),
            f"ws://127.0.0.1:{stack.port}/ws/chat/{room.replace(' ', '%20')}/",
            additional_headers={"Cookie": cookies[name]},
            subprotocols=[Subprotocol("signalbox.v1")] if protocol else None,
            origin=Origin(stack.url),
            open_timeout=30,
        )

    async with enter("alice", room) as alice, enter("bob", room) as bob:
        await hear(alice, "welcome")
        await hear(bob, "welcome")
        writing = sqlite3.connect(stack.root / "var" / "signalbox.sqlite3", isolation_level=None)
        writing.execute("BEGIN IMMEDIATE")
        try:
            # a room of this name is made at its first visit: that waits for the lock
            slow = asyncio.ensure_future(enter("charlie", f"new{uuid.uuid4().hex[:8]}", protocol=False).__aenter__())
            longest = 0.0
            for _ in range(3):
                began = time.monotonic()
                await alice.send(json.dumps({"type": "resume", "epoch": "", "seq": 0}))
                await hear(alice, "reset")  # this was read from the database meanwhile
                async with enter("charlie", room) as charlie:
                    await hear(charlie, "welcome")
                await bob.send("nonsense")
                await hear(bob, "error")
                longest = max(longest, time.monotonic() - began)
                await asyncio.sleep(0)
            assert not slow.done(), "it did not wait: nothing was shown"
            assert longest < 5, "somebody waited for the slow query, which is given ten seconds"
        finally:
            writing.execute("ROLLBACK")
            writing.close()
        await (await asyncio.wait_for(slow, 15)).close()


async def test_who_is_being_sent_away_is_read_slowly(stack: Stack) -> None:
    cookie = await asyncio.to_thread(stack.sign_in, "charlie")
    path = stack.root / "var" / "run" / "interface_0.sock"
    flood = await asyncio.to_thread(RawClient, stack.url, "lobby", cookie, past_nginx=path)
    for _ in range(30):
        flood.say("nonsense")
    frame = b"\x81\xfe\x02\x00" + bytes(4) + b"x" * 512
    flood.socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 4096)
    flood.socket.setblocking(False)
    taken, end = 0, time.monotonic() + 2
    while time.monotonic() < end:
        with contextlib.suppress(BlockingIOError):
            taken += flood.socket.send((frame * 100)[taken % len(frame) :])
            continue
        await asyncio.sleep(0.01)
    flood.close()
    assert taken < 600_000, f"{taken} bytes were taken and parsed in two seconds"


async def test_a_socket_that_has_been_open_for_hours_is_asked_to_come_again(stack: Stack) -> None:
    cookie = await asyncio.to_thread(stack.sign_in, "alice")
    path = stack.root / "var" / "run" / "old.sock"
    with subprocess.Popen(  # noqa: ASYNC220 - it returns at once
        (".venv/bin/python", "-m", "consumers.interface", "-e", f"unix:{path}:lockfile=0", "proj.asgi:application"),
        cwd=stack.root,
        env=stack.environment | {"SIGNALBOX_SOCKET_HOURS": "0.001"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            await asyncio.to_thread(wait_until, path.exists, 60, "it listens")
            fresh = await knock(stack.url, "lobby", cookie)
            async with unix_connect(
                str(path),
                f"ws://127.0.0.1:{stack.port}/ws/chat/lobby/",
                additional_headers={"Cookie": cookie},
                subprotocols=[Subprotocol("signalbox.v1")],
                origin=Origin(stack.url),
            ) as socket:
                await hear(socket, "welcome")
                with pytest.raises(ConnectionClosed) as closed:
                    async with asyncio.timeout(30):
                        while True:
                            await socket.recv()
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, "retry_after=0")
            await hear(fresh, "head", seconds=40)  # eight hours are not over there
            await fresh.close()
        finally:
            process.send_signal(signal.SIGTERM)
