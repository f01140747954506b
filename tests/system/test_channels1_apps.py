"""Four apps in the forms that people wrote for Channels 1.x, on the whole stack.

Their sources in channels1_apps/ import `channels`, and the command brings them over.
"""

import asyncio
import re
import shutil
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.system.channels1 import Sockets, bring_over
from tests.system.stack import Stack

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

SOURCES = Path(__file__).parent / "channels1_apps"
SUPERUSER = "from proj.accounts.models import User; User.objects.filter(username=%r).update(is_staff=1, is_superuser=1)"


@pytest.fixture(scope="module")
def apps() -> Iterator[Stack]:
    stack = Stack()
    folder = stack.root / "team"
    shutil.copytree(SOURCES, folder)
    settings = bring_over(folder)["settings"]
    stack.configure(**settings, SIGNALBOX_CHANNEL_ACCEPT="yes", SIGNALBOX_CHANNEL_LOOSE="reports.*")
    stack.start()
    stack.sign_in_all(["alice", "bob", "charlie"])
    stack.manage("shell", "-c", SUPERUSER % "charlie")
    yield stack
    stack.stop()


@pytest.fixture
async def sockets(apps: Stack) -> AsyncIterator[Sockets]:
    async with AsyncExitStack() as exits:
        yield Sockets(apps, exits)


# Functions in the form of the oldest documents


async def test_a_group_without_an_accept_is_enough_for_code_from_before_the_handshake(sockets: Sockets) -> None:
    alice, nobody = await sockets.open("lobby/", "alice"), await sockets.open("lobby/")
    await nobody.send("hello")
    assert [await alice.frame(), await nobody.frame()] == ["[lobby] hello"] * 2


async def test_the_session_keeps_the_room_and_the_user_of_the_web_in_all_three_consumers(sockets: Sockets) -> None:
    alice = await sockets.open("rooms/ops/", "alice")
    assert await alice.json() == {"event": "join", "user": "alice"}
    bob = await sockets.open("rooms/ops/", "bob")
    elsewhere = await sockets.open("rooms/elsewhere/")
    assert [await alice.json(), await bob.json()] == [{"event": "join", "user": "bob"}] * 2
    assert await elsewhere.json() == {"event": "join", "user": "AnonymousUser"}
    for number in range(1, 4):
        await bob.send(f"m{number}")
        said = {"event": "say", "user": "bob", "said": [f"m{n}" for n in range(1, number + 1)]}
        assert [await alice.json(), await bob.json()] == [said] * 2
    await bob.connection.close()
    assert await alice.json() == {"event": "leave", "user": "bob", "said": 3}


# Classes


async def test_a_class_consumer_has_groups_arguments_and_the_user(sockets: Sockets) -> None:
    alice = await sockets.open("boards/plans/", "alice")
    assert await alice.frame() == "welcome to plans, alice"
    bob, charlie = await sockets.open("boards/plans/", "bob"), await sockets.open("boards/ideas/", "charlie")
    assert [await bob.frame(), await charlie.frame()] == ["welcome to plans, bob", "welcome to ideas, charlie"]
    await bob.send("hello")
    assert [await alice.frame(), await bob.frame()] == ["bob: hello"] * 2
    await bob.send(b"\x01\x02")
    assert await bob.frame() == b"\x02\x01"
    await bob.send("recount")
    assert await bob.frame() == "bob recounted plans"
    await charlie.connection.close()
    assert await alice.frame() == "charlie left ideas at /channel/boards/ideas/"


@pytest.mark.parametrize(("text", "frames", "code"), [("bye", ["bye"], 4001), ("away", [], 4002), ("throw", [], 4003)])
async def test_a_class_consumer_closes_with_its_code(sockets: Sockets, text: str, frames: list[str], code: int) -> None:
    alice = await sockets.open("boards/closing/", "alice")
    assert await alice.frame() == "welcome to closing, alice"
    await alice.send(text)
    assert [await alice.frame() for _ in frames] == frames
    assert await alice.closed() == code


async def test_a_class_consumer_denies_a_socket(sockets: Sockets) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await sockets.open("boards/plans/")
    assert refused.value.response.status_code == 403


async def test_json_attributes_of_a_route_raw_methods_and_the_web_session(sockets: Sockets) -> None:
    first = await sockets.open("boards/scores/", "alice")
    assert await first.json() == {"greeting": "hello"}
    await first.send({"keep": 7})
    assert await first.json() == {"user": "alice", "score": 7, "frames": 1}
    second = await sockets.open("boards/scores/", "alice")
    assert await second.json() == {"greeting": "hello"}
    await second.send({"tell": "all"})
    assert await second.json() == {"user": "alice", "score": 7, "frames": 1}
    assert [await first.json(), await second.json()] == [{"told": "all"}] * 2


# A demultiplexer with a binding


def ticket(action: str, pk: int, title: str, *, done: bool = False) -> dict[str, Any]:
    sign = f"[{'x' if done else ' '}] {title}"
    data = {"title": title, "team": "ops", "done": done, "sign": sign}
    return {"stream": "tickets", "payload": {"action": action, "pk": pk, "data": data, "model": "tickets.ticket"}}


def change(action: str, pk: int | None = None, **data: Any) -> dict[str, Any]:
    return {"stream": "tickets", "payload": {"action": action, "pk": pk, "data": data}}


async def test_rows_change_from_browsers_a_command_and_the_admin_and_reach_the_browsers(
    apps: Stack, sockets: Sockets
) -> None:
    alice, charlie = await sockets.open("tickets/ops/", "alice"), await sockets.open("tickets/ops/", "charlie")
    nobody, others = await sockets.open("tickets/ops/"), await sockets.open("tickets/dev/", "bob")
    for socket, team in ((alice, "ops"), (charlie, "ops"), (nobody, "ops"), (others, "dev")):
        assert await socket.json() == {"stream": "ping", "payload": {"hello": team}}

    async def all_see(frame: dict[str, Any]) -> None:
        assert [await socket.json() for socket in (alice, charlie, nobody)] == [frame] * 3

    await alice.send(change("create", title="disk", team="ops", secret="is not a field of the binding"))
    pk = (created := await nobody.json())["payload"]["pk"]
    assert created == ticket("create", pk, "disk") == await alice.json() == await charlie.json()
    assert apps.select("SELECT secret FROM tickets_ticket") == [{"secret": ""}]
    await alice.send(change("update", pk, title="disk full"))
    await all_see(ticket("update", pk, "disk full"))

    for refused, action in ((nobody, "update"), (alice, "delete")):
        await refused.send(change(action, pk, title="mine"))
        await refused.send({"stream": "ping", "payload": {"n": 1}})
        assert (await refused.json())["payload"]["pong"] == {"n": 1}

    await asyncio.to_thread(apps.manage, "finish", "disk full")
    await all_see(ticket("update", pk, "disk full", done=True))
    path = f"/admin/tickets/ticket/{pk}/change/"
    await asyncio.to_thread(post_form, apps, path, "charlie", title="disk replaced", team="ops", done="on")
    await all_see(ticket("update", pk, "disk replaced", done=True))

    await asyncio.to_thread(post_form, apps, path, "charlie", title="disk replaced", team="dev")
    # As in 1.x: the groups of before are those of the row as it is about to be saved, so the old team hears nothing.
    assert await others.json() == {"stream": "tickets", "payload": of_dev(pk, "disk replaced", "update")}
    await charlie.send(change("delete", pk))
    assert (await others.json())["payload"]["action"] == "delete"
    await alice.connection.close()
    assert await charlie.json() == {"stream": "ping", "payload": {"left": "alice"}}


def of_dev(pk: int, title: str, action: str) -> dict[str, Any]:
    data = {"title": title, "team": "dev", "done": False, "sign": f"[ ] {title}"}
    return {"action": action, "pk": pk, "data": data, "model": "tickets.ticket"}


def post_form(stack: Stack, path: str, person: str, **fields: str) -> None:
    """Fill in a form of the admin, and send it."""
    cookie = stack.sign_in(person)
    status, _, page = stack.get(path, {"Cookie": cookie})
    assert status == 200, page
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    body = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode()
    headers = {"Cookie": f"{cookie}; csrftoken={token[1]}", "Referer": stack.url + path, "Origin": stack.url}
    request = urllib.request.Request(stack.url + path, body, headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        assert answer.url.endswith("/admin/tickets/ticket/")


# Own channels


async def test_own_channels_route_by_their_contents_and_a_visitor_is_found_by_the_stored_name(
    apps: Stack, sockets: Sockets
) -> None:
    alice, bob = await sockets.open("desk/stream/", "alice"), await sockets.open("desk/stream/", "bob")
    nobody = await sockets.open("desk/stream/")
    for socket in (alice, bob):
        await socket.send({"command": "join", "queue": "first"})
        assert await socket.json() == {"join": "first"}
    await nobody.send({"command": "join", "queue": "first"})
    assert await nobody.json() == {"error": "USER_HAS_TO_LOGIN"}
    await alice.send({"command": "send", "queue": "second", "message": "hello"})
    assert await alice.json() == {"error": "ROOM_ACCESS_DENIED"}
    await alice.send({"command": "send", "queue": "first", "message": "hello"})
    assert [await alice.json(), await bob.json()] == [{"from": "alice", "message": "hello"}] * 2

    await asyncio.to_thread(apps.manage, "announce", "first", "closing")
    for socket, name in ((alice, "alice"), (bob, "bob")):
        assert await socket.json() == {"announcement": "closing"}
        assert await socket.json() == {"to": name, "text": "closing"}
    cookie = {"Cookie": apps.sign_in("charlie")}
    assert await asyncio.to_thread(apps.get, "/admin/desk/visitor/call/bob/", cookie)
    assert await bob.json() == {"call": "bob"}

    await alice.connection.close()
    assert await bob.json() == {"gone": "alice"}
    assert [row["name"] for row in apps.select("SELECT name FROM desk_visitor")] == ["bob"]


async def test_long_work_in_a_loose_channel_holds_up_no_socket(sockets: Sockets) -> None:
    alice = await sockets.open("desk/stream/", "alice")
    await alice.send({"command": "report:large"})
    await alice.send({"command": "join", "queue": "meanwhile"})
    assert [await alice.json(), await alice.json()] == [{"join": "meanwhile"}, {"report": "large"}]


def test_no_consumer_failed_and_the_doctor_is_green(apps: Stack) -> None:
    apps.wait_green()
    for name in ("channels_0", "channels_1", "web"):
        assert "Traceback" not in apps.log(name), apps.log(name)
