"""Access ends within seconds although the layer loses every word about it: Redis is killed, or only its subscribers."""

import asyncio
import json
import time
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from tests.system.client import hear, knock
from tests.system.stack import Stack

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

SOON_SECONDS = 5.0  # as is promised
PEOPLE = ("owner", "removed", "plain", "signed_out", "deactivated", "password", "viewer", "outsider", "elsewhere")

HOUSE = """
from proj.accounts.models import User
from proj.rooms.models import Room
from proj.runs.models import Service
people = {name: User.objects.get(username=name + %(suffix)r) for name in %(people)r}
owner = people["owner"]
closed = Room.objects.create(name="closed" + %(suffix)r, owner=owner, members_only=True)
for person in people.values():
    closed.add_member(person, owner)
Room.objects.create(name="lobby" + %(suffix)r, owner=owner)
service = Service.objects.create(uid="web" + %(suffix)r, name="web", command=["true"], seen_by="listed")
service.viewers.add(people["viewer"])
"""

CHANGES = """
import os, signal, time
import redis
from django.conf import settings
from django.contrib.sessions.models import Session
from proj.accounts.models import User
from proj.rooms.models import Room
from proj.runs.models import Service
people = {name: User.objects.get(username=name + %(suffix)r) for name in %(people)r}
closed = Room.objects.get(name="closed" + %(suffix)r)
lobby = Room.objects.get(name="lobby" + %(suffix)r)
service = Service.objects.get(uid="web" + %(suffix)r)
lobby.members_only = True
people["password"].set_password("another long passphrase")
%(fault)s
closed.remove_member(people["removed"], people["owner"])
closed.remove_member(people["plain"], people["owner"])
Session.objects.get(pk=%(session)r).delete()
people["deactivated"].deactivate()
people["password"].save()
service.viewers.remove(people["viewer"])
Room.objects.filter(pk=lobby.pk).update(members_only=True)
print("changed:", time.time())
"""

FAULTS = {
    "Redis is killed": "os.kill(%(pid)d, signal.SIGKILL)",
    "its subscribers are killed": "redis.Redis.from_url(settings.REDIS_URL).client_kill_filter(_type='pubsub')",
    "nothing fails": "",
}


async def end_of(socket: ClientConnection) -> tuple[float, int]:
    """Read the socket to its end; return the wall-clock time of the end, and the close code."""
    try:
        while True:
            await socket.recv()
    except ConnectionClosed as closed:
        return time.time(), closed.rcvd.code if closed.rcvd else 1006


async def chatter(socket: ClientConnection) -> None:
    """Post message after message until the socket is closed."""
    try:
        while True:
            await socket.send(json.dumps({"message": "am I still here?"}))
            await asyncio.sleep(0.2)
    except ConnectionClosed:
        pass


async def watch(stack: Stack, service: str, cookie: str) -> ClientConnection:
    address = f"{stack.url.replace('http', 'ws', 1)}/ws/deploy/{service}/"
    return await connect(address, additional_headers={"Cookie": cookie}, origin=Origin(stack.url), proxy=None)


@pytest.mark.parametrize("fault", FAULTS)
async def test_access_ends_within_seconds_whatever_the_layer_loses(fault: str, stack: Stack) -> None:
    suffix = f"-{list(FAULTS).index(fault)}"
    names = [name + suffix for name in PEOPLE]
    cookies = await asyncio.to_thread(stack.sign_in_all, names)
    cookie = {name: cookies[name + suffix] for name in PEOPLE}
    words: dict[str, Any] = {"suffix": suffix, "people": PEOPLE, "session": cookie["signed_out"].partition("=")[2]}
    await asyncio.to_thread(stack.manage, "shell", "-c", HOUSE % words)
    closed, lobby = f"closed{suffix}", f"lobby{suffix}"

    sockets = {
        name: await knock(stack.url, closed, cookie[name])
        for name in ("removed", "signed_out", "deactivated", "password")
    }
    sockets["plain"] = await knock(stack.url, closed, cookie["plain"], protocol=False)
    sockets["outsider"] = await knock(stack.url, lobby, cookie["outsider"])
    sockets["viewer"] = await watch(stack, f"web{suffix}", cookie["viewer"])
    stays = await knock(stack.url, closed, cookie["elsewhere"])
    await hear(stays, "welcome")
    chatting = [asyncio.ensure_future(chatter(sockets[name])) for name in ("removed", "plain")]
    ends = {name: asyncio.ensure_future(end_of(socket)) for name, socket in sockets.items()}
    still = asyncio.ensure_future(end_of(stays))

    words["fault"] = FAULTS[fault] % {"pid": await asyncio.to_thread(stack.pid, "redis")}
    printed = await asyncio.to_thread(stack.manage, "shell", "-c", CHANGES % words)
    changed_at = float(printed.rpartition("changed:")[2])
    async with asyncio.timeout(60):
        found = {name: await end for name, end in ends.items()}
    after = {name: round(at - changed_at, 1) for name, (at, _) in found.items()}
    assert max(after.values()) < SOON_SECONDS, after
    codes = {name: code for name, (_, code) in found.items()}
    assert codes == {
        **dict.fromkeys(("removed", "plain", "outsider", "viewer"), 4403),
        **dict.fromkeys(("signed_out", "deactivated", "password"), 4401),
    }
    assert not still.done()
    still.cancel()
    await asyncio.gather(*chatting, still, return_exceptions=True)
    await stays.close()
    print(fault, after)

    rows = stack.select(
        "SELECT seq, kind, text, username FROM rooms_event JOIN accounts_user ON author_id = accounts_user.id "
        "WHERE room_id = (SELECT id FROM rooms_room WHERE name = ?) ORDER BY seq",
        closed,
    )
    for name in (f"removed{suffix}", f"plain{suffix}"):
        removed = max(row["seq"] for row in rows if row["kind"] == "member.removed" and row["text"] == name)
        posted = [row["seq"] for row in rows if row["kind"] == "message.posted" and row["username"] == name]
        assert posted, "the person never posted: nothing was tested"
        assert max(posted) < removed
