"""A person without access to a room receives nothing more of it, on a socket that is already open too."""

import asyncio
import re
import urllib.request
import uuid

import pytest

from tests.sockets.test_chat import Rooms, say
from tests.system.client import close_code, hear
from tests.system.stack import Stack

pytestmark = pytest.mark.system

SOON = 5.0  # seconds, as is promised


@pytest.fixture
def rooms(stack: Stack) -> Rooms:
    return Rooms(stack)


def somebody() -> str:
    return f"guest{uuid.uuid4().hex[:8]}"


def sign_out(stack: Stack, cookie: str) -> None:
    """Press the button of the page."""
    page = stack.get("/chat/", {"Cookie": cookie})
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page[2])
    csrf = re.search(r"csrftoken=(\w+)", page[1]["set-cookie"])
    assert token is not None and csrf is not None
    request = urllib.request.Request(  # noqa: S310 - our own stack
        stack.url + "/sign-out/",
        data=f"csrfmiddlewaretoken={token[1]}".encode(),
        headers={"Cookie": f"{cookie}; csrftoken={csrf[1]}", "Origin": stack.url},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        assert answer.url.endswith("/sign-in/")


async def test_signing_out_closes_the_persons_sockets_and_nobody_elses(rooms: Rooms, stack: Stack) -> None:
    who = somebody()
    async with rooms.open("lobby", who) as first, rooms.open("lobby", who) as second, rooms.open("lobby") as alice:
        await hear(first, "welcome")
        await hear(second, "welcome")
        await asyncio.to_thread(sign_out, stack, await rooms.cookie(who))
        async with asyncio.timeout(SOON):
            assert [await close_code(first), await close_code(second)] == [4401, 4401]
        text = f"still here {uuid.uuid4()}"
        await say(alice, message=text)
        while (await hear(alice, "message.posted"))["text"] != text:
            pass


@pytest.mark.parametrize(
    "change",
    ["person.set_password('another long passphrase'); person.save()", "person.deactivate()"],
    ids=["another password", "deactivated"],
)
async def test_a_session_that_is_worth_nothing_any_more_closes_its_sockets(
    rooms: Rooms, stack: Stack, change: str
) -> None:
    who = somebody()
    async with rooms.open("lobby", who) as socket:
        await hear(socket, "welcome")
        code = f"from proj.accounts.models import User; person = User.objects.get(username={who!r}); {change}"
        await asyncio.to_thread(stack.manage, "shell", "-c", code)
        async with asyncio.timeout(SOON):
            assert await close_code(socket) == 4401


async def test_whoever_is_put_out_of_a_room_is_closed_there_and_only_there(rooms: Rooms, stack: Stack) -> None:
    who = somebody()
    await rooms.cookie("alice"), await rooms.cookie(who)
    room = await rooms.make("--member", "alice", "--member", who)
    async with rooms.open(room, who) as inside, rooms.open("lobby", who) as elsewhere:
        await hear(inside, "welcome")
        await hear(elsewhere, "welcome")
        code = (
            "from proj.rooms.models import Room; from proj.accounts.models import User; "
            f"Room.objects.get(name={room!r}).memberships.get(user__username={who!r}).delete()"
        )
        await asyncio.to_thread(stack.manage, "shell", "-c", code)
        async with asyncio.timeout(SOON):
            assert await close_code(inside) == 4403
        text = f"still here {uuid.uuid4()}"
        await say(elsewhere, message=text)
        while (await hear(elsewhere, "message.posted"))["text"] != text:
            pass


async def test_a_room_that_is_closed_to_others_loses_them(rooms: Rooms, stack: Stack) -> None:
    room = await rooms.make()
    async with rooms.open(room, "bob") as bob:
        await hear(bob, "welcome")
        code = (
            f"from proj.rooms.models import Room; room = Room.objects.get(name={room!r}); "
            "room.members_only = True; room.save()"
        )
        await asyncio.to_thread(stack.manage, "shell", "-c", code)
        async with asyncio.timeout(SOON):
            assert await close_code(bob) == 4403
