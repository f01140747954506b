"""The example of Channels 1.x code on the whole stack: ./deploy/up, nginx, interfaces, workers under supervisord."""

import asyncio
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from tests.system.stack import Stack

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def example() -> Iterator[Stack]:
    stack = Stack()
    code = stack.root / "deploy" / "examples" / "channels1"
    stack.configure(
        SIGNALBOX_CHANNEL_ROUTING="tutorial_chat.routing.channel_routing",
        SIGNALBOX_CHANNEL_CODE=str(code),
        SIGNALBOX_CHANNEL_APPS="tutorial_chat",
    )
    stack.start()
    yield stack
    stack.stop()


def knock(stack: Stack, room: str, cookie: str = "") -> connect:
    return connect(
        f"{stack.url.replace('http', 'ws', 1)}/channel/{room}/",
        additional_headers={"Cookie": cookie} if cookie else {},
        origin=Origin(stack.url),
        open_timeout=30,
        proxy=None,
    )


async def hears(socket: ClientConnection, *texts: str) -> None:
    assert [str(await asyncio.wait_for(socket.recv(), 20)) for _ in texts] == list(texts)


async def test_people_talk_and_no_socket_closes_while_the_workers_restart(example: Stack) -> None:
    cookies = await asyncio.to_thread(example.sign_in_all, ["alice", "bob"])
    async with knock(example, "ops", cookies["alice"]) as alice:
        await hears(alice, "alice came in")
        async with knock(example, "ops", cookies["bob"]) as bob, knock(example, "elsewhere", cookies["bob"]) as other:
            await hears(alice, "bob came in")
            await hears(bob, "bob came in")
            await hears(other, "bob came in")
            await bob.send("hello")
            for socket in (alice, bob):
                await hears(socket, "bob (1): hello")
            before = example.pids()
            await asyncio.to_thread(example.restart, "channels")
            await bob.send("and again")
            for socket in (alice, bob):
                await hears(socket, "bob (2): and again")
            after = await asyncio.to_thread(example.pids)
            assert all(before[name] != after[name] for name in ("channels_0", "channels_1"))
        await hears(alice, "bob went out")


async def test_nobody_is_let_in_by_the_consumer(example: Stack) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with knock(example, "ops"):
            pass
    assert refused.value.response.status_code == 403


def test_the_doctor_is_green_with_the_workers_of_the_example(example: Stack) -> None:
    example.wait_green()
