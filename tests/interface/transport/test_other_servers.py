"""The same consumers under servers that are not the stack's own: slower or smaller, but with nothing missing."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.system.client import Client, hear, knock
from tests.system.stack import Port, Stack, wait_until

pytestmark = pytest.mark.system


@pytest.fixture
def port() -> Iterator[int]:
    """A port for another server."""
    port = Port()
    yield port.number
    port.close()


def listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def server(stack: Stack, *command: str, port: int, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Another server in the stack's folder, beside its own; its output is in its log."""
    log = stack.root / "var" / "log" / f"{Path(command[0]).name}.log"
    url = f"http://127.0.0.1:{port}"
    environment = {"SIGNALBOX_URLS": url, **environment}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=stack.root, env=stack.environment | environment, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: listens(port) or process.poll() is not None, 60, "it listens")
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        process.terminate()
        process.wait(20)


async def talk(stack: Stack, url: str) -> None:
    """alice on `url` and bob on the stack itself say things to each other, and a tutorial page hears them."""
    room = f"room {uuid.uuid4().hex[:8]}"
    await asyncio.to_thread(stack.manage, "addroom", room)
    cookies = await asyncio.to_thread(stack.sign_in_all, ["alice", "bob"])
    alice, bob = Client(url, room, cookies["alice"]), Client(stack.url, room, cookies["bob"])
    plain = await knock(url, room, cookies["bob"], protocol=False)
    for client in (alice, bob):
        await client.until(client.live.is_set)
    for number in range(30):
        await (alice, bob)[number % 2].post(f"message {number}")
    for client in (alice, bob):
        await client.until(lambda: len(client.events) == 30)  # noqa: B023 - waited for at once
        assert client.faults == []
        assert client.pending == {}
    assert alice.events == bob.events
    assert [await asyncio.wait_for(plain.recv(), 20) for _ in range(30)]
    await plain.close()
    for client in (alice, bob):
        await client.close()


async def test_another_asgi_server_serves_the_same_sockets_through_plain_send(stack: Stack, port: int) -> None:
    command = (".venv/bin/uvicorn", "proj.asgi:application", "--port", str(port), "--lifespan", "off")
    with server(stack, *command, port=port):
        await talk(stack, f"http://127.0.0.1:{port}")


async def test_runserver_serves_pages_and_sockets_and_ends_as_an_interface_process_does(
    stack: Stack, port: int
) -> None:
    url = f"http://127.0.0.1:{port}"
    command = (".venv/bin/python", "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}")
    with server(stack, *command, port=port, SIGNALBOX_DEBUG="1") as process:
        await talk(stack, url)
        cookie = await asyncio.to_thread(stack.sign_in, "alice")
        request = urllib.request.Request(url, headers={"Cookie": cookie})
        with await asyncio.to_thread(urllib.request.urlopen, request) as page:
            assert "lobby" in page.read().decode()
        with await asyncio.to_thread(urllib.request.urlopen, f"{url}/static/shared/socket.js") as script:
            assert script.status == 200
        alice = await knock(url, "lobby", cookie)
        await hear(alice, "welcome")
        process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await asyncio.wait_for(alice.recv(), 20)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
