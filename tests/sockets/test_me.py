"""`/ws/me/`, and news of other rooms on a room's socket, on the real stack, as docs/protocol.md has it."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from tests.system.client import hear
from tests.system.stack import Stack

pytestmark = pytest.mark.system


class Sockets:
    """Opens sockets, and does things in rooms from the host."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.room = f"room {uuid.uuid4().hex[:8]}"
        self.address = f"chat/{self.room.replace(' ', '%20')}/"

    @asynccontextmanager
    async def open(self, path: str, who: str = "alice") -> AsyncIterator[ClientConnection]:
        cookie = await asyncio.to_thread(self.stack.sign_in, who) if who else ""
        socket = await connect(
            f"{self.stack.url.replace('http', 'ws', 1)}/ws/{path}",
            additional_headers={"Cookie": cookie},
            subprotocols=[Subprotocol("signalbox.v1")],
            origin=Origin(self.stack.url),
            proxy=None,
        )
        try:
            yield socket
        finally:
            await socket.close()

    async def make(self, *options: str) -> int:
        """The test's room; its id."""
        await asyncio.to_thread(self.stack.sign_in_all, ["alice", "bob", "charlie"])
        await asyncio.to_thread(self.stack.manage, "addroom", self.room, *options)
        code = f"from proj.rooms.models import Room; print(Room.objects.get(name={self.room!r}).pk)"
        return int((await asyncio.to_thread(self.stack.manage, "shell", "-c", code)).split()[-1])


@pytest.fixture
def sockets(stack: Stack) -> Sockets:
    return Sockets(stack)


async def say(socket: ClientConnection, **frame: Any) -> None:
    await socket.send(json.dumps({"client_id": str(uuid.uuid4()), **frame}))


async def told(socket: ClientConnection, room: int) -> list[Any]:
    """The messages in the next news of this room."""
    while True:
        for id, listed, _ in (await hear(socket, "news"))["rooms"]:
            if id == room:
                return list(listed)


async def test_people_hear_of_rooms_that_they_have_not_opened(sockets: Sockets) -> None:
    room = await sockets.make()
    other = f"chat/elsewhere{uuid.uuid4().hex[:6]}/"
    async with sockets.open(sockets.address, "bob") as bob, sockets.open("me/") as alice:
        await hear(bob, "welcome")
        assert (await hear(alice, "welcome"))["you"] == "alice"
        await asyncio.to_thread(sockets.stack.manage, "addroom", other.split("/")[1])
        async with sockets.open(f"{other}?news=1", "charlie") as charlie:
            await hear(charlie, "welcome")
            await say(bob, type="post", message="hello @alice")
            assert await told(alice, room) == await told(charlie, room) == [[1, "bob", ["alice"]]]


async def test_many_messages_become_few_frames_and_all_are_told(sockets: Sockets) -> None:
    room = await sockets.make()
    async with sockets.open("me/") as alice, sockets.open(sockets.address, "bob") as bob:
        await hear(alice, "welcome")
        await hear(bob, "welcome")
        began = time.monotonic()
        for n in range(15):
            await say(bob, type="post", message=f"message {n}")
        heard: list[int] = []
        frames = 0
        while 15 not in heard:
            heard += [seq for seq, _, _ in await told(alice, room)]
            frames += 1
        assert heard == list(range(1, 16))
        assert frames <= 3 + 4 * (time.monotonic() - began)  # at most four times a second


async def test_what_is_read_in_one_tab_is_told_to_the_others(sockets: Sockets) -> None:
    room = await sockets.make()
    async with (
        sockets.open("me/") as other,
        sockets.open("me/", "charlie") as charlie,
        sockets.open(f"{sockets.address}?news=1") as tab,
        sockets.open(sockets.address, "bob") as bob,
    ):
        for socket in (other, charlie, tab, bob):
            await hear(socket, "welcome")
        await say(bob, type="post", message="hello")
        await told(other, room)
        await told(tab, room)
        await say(tab, type="seen", seq=1)
        assert await hear(other, "read") == {"type": "read", "room": room, "seq": 1}
        await hear(tab, "read")
        await say(charlie, type="nonsense")
        heard = []
        while "error" not in heard:
            heard.append(json.loads(await charlie.recv())["type"])
        assert "read" not in heard  # the read positions of others are theirs


async def test_nobody_hears_of_a_room_that_is_closed_to_them(sockets: Sockets) -> None:
    room = await sockets.make("--member", "bob", "--member", "charlie")
    async with (
        sockets.open("me/") as alice,
        sockets.open("me/", "charlie") as charlie,
        sockets.open(sockets.address, "bob") as bob,
    ):
        for socket in (alice, charlie, bob):
            await hear(socket, "welcome")
        await say(bob, type="post", message="between us, @alice")
        assert await told(charlie, room) == [[3, "bob", []]]
        await say(alice, type="nonsense")
        frame: dict[str, Any] = {}
        while frame.get("type") != "error":  # messages from before the answer have come before it
            frame = json.loads(await alice.recv())
            assert all(id != room for id, _, _ in frame.get("rooms", []))


async def test_it_is_for_people_who_are_signed_in_and_only_speaks(sockets: Sockets, stack: Stack) -> None:
    async with sockets.open("me/", "") as nobody:
        assert (await hear(nobody, "error"))["code"] == "signed_out"
        with pytest.raises(ConnectionClosed):
            await nobody.recv()
        assert nobody.close_code == 4401
    async with sockets.open("me/", "charlie") as charlie:
        await hear(charlie, "welcome")
        await charlie.send("{}")
        assert (await hear(charlie, "error"))["code"] == "bad_frame"
