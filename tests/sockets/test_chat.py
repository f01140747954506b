"""`/ws/chat/<room>/` on the real stack, frame by frame, as docs/protocol.md has it."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.system.client import close_code, hear, knock
from tests.system.stack import Stack

pytestmark = pytest.mark.system


class Rooms:
    """Makes rooms and opens sockets to them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    async def make(self, *options: str) -> str:
        name = f"room {uuid.uuid4().hex[:8]}"
        await asyncio.to_thread(self.stack.manage, "addroom", name, *options)
        return name

    async def cookie(self, who: str) -> str:
        return await asyncio.to_thread(self.stack.sign_in, who)

    @asynccontextmanager
    async def open(self, room: str, who: str = "alice", **how: Any) -> AsyncIterator[ClientConnection]:
        socket = await knock(self.stack.url, room, await self.cookie(who), **how)
        try:
            yield socket
        finally:
            await socket.close()


@pytest.fixture
def rooms(stack: Stack) -> Rooms:
    return Rooms(stack)


async def say(socket: ClientConnection, **frame: Any) -> None:
    await socket.send(json.dumps(frame))


# Coming in


async def test_a_welcome_says_where_one_is(rooms: Rooms) -> None:
    room = await rooms.make()
    async with rooms.open(room) as socket:
        welcome = await hear(socket, "welcome")
    assert (welcome["room"], welcome["you"], welcome["seq"], welcome["here"]) == (room, "alice", 0, ["alice"])
    assert welcome["limits"]["characters"] == 8000
    assert socket.subprotocol == "signalbox.v1"


async def test_without_a_session_the_socket_says_so_and_closes(rooms: Rooms, stack: Stack) -> None:
    for cookie in ("", "sessionid=forged"):
        socket = await knock(stack.url, "lobby", cookie)
        assert (await hear(socket, "error"))["code"] == "signed_out"
        assert await close_code(socket) == 4401


async def test_a_room_that_is_not_there_is_an_error(rooms: Rooms) -> None:
    for name in ("nobody made this", "a" * 150, "\u202e"):
        async with rooms.open(name) as socket:
            assert (await hear(socket, "error"))["code"] == "no_such_room"
            assert await close_code(socket) == 4404


@pytest.mark.parametrize("protocol", [True, False])
async def test_a_name_that_is_not_utf8_makes_no_room(rooms: Rooms, stack: Stack, protocol: bool) -> None:
    from websockets.asyncio.client import connect
    from websockets.typing import Subprotocol

    def opening(name: str) -> connect:
        url = f"{stack.url.replace('http', 'ws')}/ws/chat/{name}/"
        protocols = [Subprotocol("signalbox.v1")] if protocol else None
        return connect(url, additional_headers={"Cookie": cookie}, subprotocols=protocols, proxy=None)

    cookie = await rooms.cookie("alice")
    for name in ("%FF", "%C0%AF", "%ED%A0%80", "caf%E9"):
        assert await close_code(await opening(name)) == 4404
    with pytest.raises(InvalidStatus) as refused:
        await opening("%00")
    assert refused.value.response.status_code == 400
    made = stack.select("SELECT name FROM rooms_room")
    assert not [room for room in made if "\ufffd" in room["name"] or room["name"].startswith(("%", "caf"))]


async def refused_at(rooms: Rooms, room: str) -> dict[str, Any]:
    """Return the error frame of the socket to a room that is not there."""
    async with rooms.open(room, "bob") as socket:
        return await hear(socket, "error")


async def test_a_members_only_room_is_closed_to_others(rooms: Rooms) -> None:
    await rooms.cookie("alice")
    room = await rooms.make("--member", "alice")
    async with rooms.open(room, "bob") as socket:
        assert (await hear(socket, "error")) == await refused_at(rooms, "nobody made this")
        assert await close_code(socket) == 4404
    async with rooms.open(room, "bob", protocol=False) as plain:  # a plain client cannot make a room of this name
        assert await close_code(plain) == 4404
    async with rooms.open(room, "alice") as socket:
        await hear(socket, "welcome")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://[", "https://127.0.0.1", "file://"])
async def test_a_page_from_elsewhere_is_refused(rooms: Rooms, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with rooms.open("lobby", origin=origin):
            pass
    assert refused.value.response.status_code == (400 if origin == "http://[" else 403)


async def test_any_other_socket_address_is_refused(stack: Stack) -> None:
    from websockets.asyncio.client import connect

    with pytest.raises(InvalidStatus) as refused:
        await connect(stack.url.replace("http", "ws") + "/ws/nothing/here/", proxy=None)
    assert refused.value.response.status_code == 403


async def test_any_unicode_name_is_a_room(rooms: Rooms, stack: Stack) -> None:
    name = "运维 чат #1 ? & 100%"
    await asyncio.to_thread(stack.manage, "addroom", name)
    async with rooms.open(name) as alice, rooms.open(name, "bob") as bob:
        await hear(alice, "welcome")
        await hear(bob, "welcome")
        await say(alice, message="привет", client_id=str(uuid.uuid4()))
        assert (await hear(bob, "message.posted"))["text"] == "привет"


# Saying something


async def test_a_message_is_acknowledged_by_its_event_and_stored_once(rooms: Rooms) -> None:
    room = await rooms.make()
    client_id = str(uuid.uuid4())
    async with rooms.open(room) as alice, rooms.open(room, "bob") as bob:
        await hear(bob, "welcome")
        await say(alice, message="hi", client_id=client_id)
        event = await hear(alice, "message.posted")
        assert (event["seq"], event["author"], event["text"], event["client_id"]) == (1, "alice", "hi", client_id)
        assert await hear(bob, "message.posted") == event
        await say(alice, type="post", message="hi", client_id=client_id)
        assert await hear(alice, "ack") == {"type": "ack", "client_id": client_id, "seq": 1}


async def test_messages_are_edited_and_deleted_by_their_authors_only(rooms: Rooms) -> None:
    room = await rooms.make()
    async with rooms.open(room) as alice, rooms.open(room, "bob") as bob:
        await hear(bob, "welcome")
        await say(alice, message="helo")
        await hear(bob, "message.posted")
        for frame in ({"type": "edit", "message": "mine"}, {"type": "delete"}):
            client_id = str(uuid.uuid4())
            await say(bob, seq=1, client_id=client_id, **frame)
            error = await hear(bob, "error")
            assert (error["code"], error["client_id"]) == ("not_yours", client_id)
        await say(alice, type="edit", seq=1, message="hello")
        edited = await hear(bob, "message.edited")
        assert (edited["seq"], edited["message"], edited["text"]) == (2, 1, "hello")
        await say(alice, type="delete", seq=1)
        deleted = await hear(bob, "message.deleted")
        assert (deleted["seq"], deleted["message"]) == (3, 1)
        await say(alice, type="edit", seq=1, message="again")
        assert (await hear(alice, "error"))["code"] == "no_such_message"


async def test_whoever_is_put_out_can_no_longer_post(rooms: Rooms, stack: Stack) -> None:
    await rooms.cookie("alice"), await rooms.cookie("bob")
    room = await rooms.make("--member", "alice", "--member", "bob")
    async with rooms.open(room, "bob") as bob:
        await hear(bob, "welcome")
        code = (
            "from proj.rooms.models import *; from proj.accounts.models import User; "
            f"alice, bob = (User.objects.get(username=n) for n in ('alice', 'bob')); "
            f"Room.objects.get(name={room!r}).remove_member(bob, by=alice)"
        )
        await asyncio.to_thread(stack.manage, "shell", "-c", code)
        removed = await hear(bob, "member.removed")
        assert removed["text"] == "bob"
        with contextlib.suppress(ConnectionClosed):  # half a second later he is shown out
            await say(bob, message="I am still here")
        assert (await hear(bob, "error"))["code"] == "no_access"
    async with rooms.open(room, "alice") as alice:
        assert (await hear(alice, "welcome"))["seq"] == removed["seq"]


# Bad input: each its error, and the socket stays


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("hello", "not_json"),
        ("[]", "not_json"),
        ('"x"', "not_json"),
        ("[" * 30_000, "not_json"),
        (b"\x00\x01", "binary"),
        ('{"message": "' + "x" * 70_000 + '"}', "too_large"),
        ('{"message": "' + "я" * 40_000 + '"}', "too_large"),
        ("{}", "bad_type"),
        ('{"type": "dance"}', "bad_type"),
        ('{"type": ["post"], "message": "x"}', "bad_type"),
        ('{"message": 7}', "bad_field"),
        ('{"type": "post"}', "bad_field"),
        ('{"message": "x", "client_id": "7"}', "bad_field"),
        ('{"message": "x", "client_id": {}}', "bad_field"),
        ('{"message": "\\ud800"}', "bad_field"),
        ('{"message": "a\\u0000b"}', "bad_field"),
        ('{"message": ""}', "empty"),
        ('{"message": " \\n\\u200b\\t"}', "empty"),
        ('{"message": "\\u3164 \\u2800\\ufe0f"}', "empty"),
        ('{"message": "' + "x" * 8001 + '"}', "too_long"),
        ('{"type": "edit", "message": "x"}', "bad_field"),
        ('{"type": "edit", "message": "x", "seq": true}', "bad_field"),
        ('{"type": "delete", "seq": -1}', "bad_field"),
        ('{"type": "delete", "seq": 1e400}', "bad_field"),
        ('{"type": "seen", "seq": 99999999999999999999}', "bad_field"),
        ('{"type": "resume", "seq": 1}', "bad_field"),
        ('{"type": "delete", "seq": 99}', "no_such_message"),
        ('{"type": "react", "seq": 99, "emoji": "🎉"}', "no_such_message"),
        ('{"type": "react", "seq": 1, "emoji": "<b>"}', "bad_field"),
        ('{"type": "unreact", "seq": 1}', "bad_field"),
    ],
)
async def test_nonsense_is_answered_and_the_socket_stays(rooms: Rooms, frame: str | bytes, code: str) -> None:
    async with rooms.open("lobby") as socket:
        await hear(socket, "welcome")
        await socket.send(frame)
        error = await hear(socket, "error")
        assert error["code"] == code
        assert error["detail"].endswith(".")
        await say(socket, type="seen", seq=0)
        await say(socket, message="and on we go")
        assert (await hear(socket, "message.posted"))["text"] == "and on we go"


async def test_the_longest_message_passes_whole(rooms: Rooms) -> None:
    text = "語" * 7999 + "\n"
    async with rooms.open("lobby") as socket:
        await hear(socket, "welcome")
        await say(socket, message=text)
        assert (await hear(socket, "message.posted"))["text"] == text


async def test_a_client_that_waits_as_long_as_it_is_asked_to_is_not_closed(rooms: Rooms) -> None:
    room = await rooms.make()
    async with rooms.open(room, "charlie") as socket:
        await hear(socket, "welcome")
        for _ in range(45):
            await say(socket, message="as many as may come at once")
        refused, waiting = 0, ""
        while refused < 30:
            # A message that waited as long as asked, and one that comes too fast behind it.
            ids = [*filter(None, [waiting]), str(uuid.uuid4())]
            for client_id in ids:
                await say(socket, message="patiently", client_id=client_id)
            waiting = ""
            answers: dict[str, dict[str, Any]] = {}
            while len(answers) < len(ids):
                frame = json.loads(await socket.recv())
                if frame.get("client_id") in ids:
                    answers[frame["client_id"]] = frame
            assert answers[ids[0]]["type"] == "message.posted" or len(ids) == 1
            if (answer := answers[ids[-1]])["type"] == "error":
                refused, waiting = refused + 1, ids[-1]
                assert answer["code"] == "too_fast"
                await asyncio.sleep(answer["retry_after"])  # as the protocol asks


async def test_endless_nonsense_closes_the_socket(rooms: Rooms) -> None:
    async with rooms.open("lobby") as socket:
        for _ in range(12):
            await socket.send("nonsense")
        assert await close_code(socket) == 4400


async def test_a_flood_is_refused_and_then_closed_while_others_talk_on(rooms: Rooms) -> None:
    room = await rooms.make()
    async with rooms.open(room, "charlie") as flood, rooms.open(room, "bob") as bob:
        await hear(bob, "welcome")
        for n in range(120):
            await say(flood, message=f"flood {n}")
        error = await hear(flood, "error")
        assert error["code"] == "too_fast"
        assert 0 < error["retry_after"] <= 0.1
        assert await close_code(flood) == 4429
        await say(bob, message="calm")
        while (await hear(bob, "message.posted"))["author"] != "bob":
            pass


# Catching up


async def test_a_client_that_was_away_gets_what_it_missed_and_then_what_comes(rooms: Rooms) -> None:
    room = await rooms.make()
    async with rooms.open(room) as alice:
        epoch = (await hear(alice, "welcome"))["epoch"]
        for n in range(1, 6):
            await say(alice, message=f"message {n}")
            await hear(alice, "message.posted")
        await say(alice, type="edit", seq=3, message="changed")
        await hear(alice, "message.edited")
        async with rooms.open(room, "bob", query=f"?epoch={epoch}&seq=2") as bob:
            assert (await hear(bob, "welcome"))["seq"] == 6
            missed = [json.loads(await bob.recv()) for _ in range(4)]
            assert [event["seq"] for event in missed] == [3, 4, 5, 6]
            assert missed[0]["text"] == "changed"
            assert missed[0]["edited"] == missed[3]["at"]
            await say(alice, message="live")
            assert (await hear(bob, "message.posted"))["seq"] == 7


async def test_resume_brings_the_missing_events_on_an_open_socket(rooms: Rooms) -> None:
    room = await rooms.make()
    async with rooms.open(room) as alice:
        epoch = (await hear(alice, "welcome"))["epoch"]
        for n in range(3):
            await say(alice, message=f"message {n}")
            await hear(alice, "message.posted")
        await say(alice, type="resume", epoch=epoch, seq=1)
        assert [(await hear(alice, "message.posted"))["seq"] for _ in range(2)] == [2, 3]


@pytest.mark.parametrize("query", ["?epoch=another&seq=0", "?seq=0", "?epoch={epoch}&seq=99"])
async def test_what_cannot_be_replayed_is_reset(rooms: Rooms, query: str) -> None:
    room = await rooms.make()
    async with rooms.open(room) as alice:
        epoch = (await hear(alice, "welcome"))["epoch"]
        await say(alice, message="first")
        await hear(alice, "message.posted")
        async with rooms.open(room, "bob", query=query.format(epoch=epoch)) as bob:
            assert await hear(bob, "reset") == {"type": "reset", "epoch": epoch, "seq": 1}
            await say(alice, message="next")
            assert (await hear(bob, "message.posted"))["seq"] == 2


async def test_too_far_behind_is_reset_too(rooms: Rooms, stack: Stack) -> None:
    room = await rooms.make()
    code = (
        "from proj.rooms.models import Room; from proj.accounts.models import User; "
        "from proj.rooms.log import writing; "
        "from proj.rooms.log.commands import Command; import uuid; "
        f"room = Room.objects.get(name={room!r}); alice = User.objects.get(username='alice'); "
        "writing.write([Command('post', room.pk, alice.pk, str(uuid.uuid4()), str(n)) for n in range(1001)])"
    )
    await rooms.cookie("alice")
    await asyncio.to_thread(stack.manage, "shell", "-c", code)
    async with rooms.open(room) as socket:
        epoch = (await hear(socket, "welcome"))["epoch"]
    async with rooms.open(room, query=f"?epoch={epoch}&seq=0") as socket:
        assert (await hear(socket, "reset"))["seq"] == 1001
    async with rooms.open(room, query=f"?epoch={epoch}&seq=1") as socket:
        await hear(socket, "welcome")
        assert [json.loads(await socket.recv())["seq"] for _ in range(1000)] == list(range(2, 1002))


async def test_a_restored_backup_resets_open_pages(rooms: Rooms, stack: Stack) -> None:
    room = await rooms.make()
    async with rooms.open(room) as socket:
        epoch = (await hear(socket, "welcome"))["epoch"]
        await asyncio.to_thread(stack.manage, "newepoch")
        assert (await hear(socket, "reset"))["epoch"] != epoch


async def test_an_event_that_the_layer_did_not_bring_is_found(rooms: Rooms, stack: Stack) -> None:
    """Store a message and publish nothing: the poll of the heads finds it."""
    room = await rooms.make()
    code = (
        "from proj.rooms.models import Room; from proj.accounts.models import User; "
        "from proj.rooms.log import writing; "
        "from proj.rooms.log.commands import Command; import uuid; "
        f"room = Room.objects.get(name={room!r}); alice = User.objects.get(username='alice'); "
        "writing.write([Command('post', room.pk, alice.pk, str(uuid.uuid4()), 'unheard')])"
    )
    async with rooms.open(room) as socket:
        await hear(socket, "welcome")
        await asyncio.to_thread(stack.manage, "shell", "-c", code)
        assert (await hear(socket, "message.posted"))["text"] == "unheard"


# Presence


async def test_people_see_who_comes_and_goes_whichever_process_they_are_on(rooms: Rooms) -> None:
    room = await rooms.make()
    async with rooms.open(room) as alice:
        await hear(alice, "welcome")
        async with rooms.open(room, "bob"), rooms.open(room, "charlie"):
            while (seen := await hear(alice, "presence"))["here"] != ["alice", "bob", "charlie"]:
                pass
            assert seen["count"] == 3
        while (await hear(alice, "presence"))["here"] != ["alice"]:
            pass


async def test_typing_and_seen_reach_the_others(rooms: Rooms) -> None:
    room = await rooms.make()
    async with rooms.open(room) as alice, rooms.open(room, "bob") as bob:
        await hear(alice, "welcome")
        await hear(bob, "welcome")
        await say(bob, type="typing")
        assert (await hear(alice, "typing"))["who"] == "bob"
        await say(alice, message="read this")
        await hear(bob, "message.posted")
        await say(bob, type="seen", seq=1)
        assert await hear(alice, "seen") == {"type": "seen", "who": "bob", "seq": 1}
        async with rooms.open(room, "charlie") as charlie:
            assert (await hear(charlie, "welcome"))["seen"] == {"bob": 1}


# The plain form


async def test_only_somebody_who_was_said_to_type_stops_and_only_true_is_a_stop(rooms: Rooms) -> None:
    room = await rooms.make()
    async with rooms.open(room) as alice, rooms.open(room, "bob") as bob:
        await hear(alice, "welcome")
        await hear(bob, "welcome")
        await say(bob, type="typing", stopped=True)  # nobody was told that bob types
        await say(bob, type="typing", stopped="yes")
        assert await hear(alice, "typing") == {"type": "typing", "who": "bob"}
        await say(bob, type="typing", stopped=True)
        await say(bob, type="typing", stopped=True)
        assert await hear(alice, "typing") == {"type": "typing", "who": "bob", "stopped": True}
        await say(bob, message="said", client_id=str(uuid.uuid4()))
        assert (await hear(alice, "typing", "message.posted"))["type"] == "message.posted"


async def test_the_tutorials_client_works(rooms: Rooms) -> None:
    """The page of the Channels tutorial sends and expects objects with `message`, and nothing else."""
    async with rooms.open("lobby", protocol=False) as alice, rooms.open("lobby", "bob", protocol=False) as bob:
        assert alice.subprotocol is None
        await alice.send(json.dumps({"message": "hello ✓"}))
        for socket in (alice, bob):
            async with asyncio.timeout(20):
                assert json.loads(await socket.recv()) == {"message": "hello ✓"}


async def test_the_tutorials_client_makes_rooms_and_is_told_errors_as_text(rooms: Rooms) -> None:
    async with rooms.open(f"new-{uuid.uuid4().hex}", protocol=False) as socket:
        await socket.send("{")
        answer = json.loads(await socket.recv())
        assert list(answer) == ["message"]
        assert "JSON object" in answer["message"]


async def test_both_forms_share_a_room(rooms: Rooms) -> None:
    async with rooms.open("lobby", protocol=False) as old, rooms.open("lobby", "bob") as new:
        await hear(new, "welcome")
        await say(new, message="from the new one")
        assert json.loads(await old.recv()) == {"message": "from the new one"}
        await old.send(json.dumps({"message": "from the old one"}))
        while (await hear(new, "message.posted"))["text"] != "from the old one":
            pass
