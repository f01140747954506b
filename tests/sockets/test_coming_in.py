"""A socket on its way from the door to its place in the room."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import OperationalError

from consumers.interface.feeds.rooms import Arrival, Replay
from consumers.interface.feeds.stream import StreamGone
from consumers.interface.process import Interface
from consumers.sockets.chat import ChatSocket
from proj.accounts.models import User
from proj.accounts.sessions import session_for
from proj.rooms.models import Membership, Room

pytestmark = pytest.mark.django_db(transaction=True)


class Browser:
    """Speaks ASGI to a ChatSocket, and remembers its messages."""

    def __init__(self, key: str, room: Room, *, plain: bool = False) -> None:
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.heard: list[dict[str, Any]] = []
        scope = {
            "type": "websocket",
            "headers": [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}".encode())],
            "subprotocols": [] if plain else ["signalbox.v1"],
            "query_string": b"",
            "url_route": {"kwargs": {"room": room.name}},
        }
        self.said.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.ensure_future(ChatSocket()(scope, self.said.get, self._hear))

    async def _hear(self, message: dict[str, Any]) -> None:
        assert message["type"] == "websocket.accept" or self.heard, "said before the socket was accepted"
        self.heard.append(message)

    @property
    def kinds(self) -> list[str]:
        return [message["type"].removeprefix("websocket.") for message in self.heard]

    async def closed(self) -> int:
        async with asyncio.timeout(20):
            while "close" not in self.kinds:
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.01)
        self.said.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self.task
        return int(self.heard[-1]["code"])


@pytest.fixture
async def interface(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Interface]:
    interface = Interface()
    monkeypatch.setattr(sys.modules[ChatSocket.__module__], "interface", lambda: interface)
    yield interface
    await interface.tasks.stop()


@pytest.fixture
def room(alice: User) -> Room:
    room = Room.objects.create(name="staff", members_only=True)
    Membership.objects.create(room=room, user=alice)
    return room


@pytest.fixture
def key(alice: User) -> Iterator[str]:
    with session_for(alice, 60) as key:
        yield key


async def test_who_loses_the_room_while_coming_in_is_told_and_closed(
    interface: Interface, room: Room, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = interface.replays.ask

    async def slowly(arrival: Arrival) -> Replay:
        """The database takes its time, and meanwhile access is looked at again."""
        missed = await asked(arrival)
        await sync_to_async(Membership.objects.all().delete)()
        await interface.access.check(list(interface.outlets.values()))
        for _ in range(3):  # the written frames leave
            await asyncio.sleep(0)
        return missed

    monkeypatch.setattr(interface.replays, "ask", slowly)
    browser = Browser(key, room)
    assert await browser.closed() == 4403
    assert browser.kinds[0] == "accept"
    assert not interface.outlets


async def test_a_plain_client_hears_what_was_said_between_the_door_and_its_place(
    interface: Interface, room: Room, alice: User, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is let in, and so open, before it is in the room; nothing else tells it from when on it hears everything."""
    await sync_to_async(room.post)(alice, "before it came")
    asked = interface.replays.ask

    async def slowly(arrival: Arrival) -> Replay:
        assert browser.kinds == ["accept"]
        await sync_to_async(room.post)(alice, "while it came in")
        return await asked(arrival)

    monkeypatch.setattr(interface.replays, "ask", slowly)
    browser = Browser(key, room, plain=True)
    async with asyncio.timeout(20):
        while len(browser.heard) < 2:  # noqa: ASYNC110 - of a list
            await asyncio.sleep(0.01)
    await sync_to_async(room.post)(alice, "when it was there")
    async with asyncio.timeout(20):
        while len(browser.heard) < 3:  # noqa: ASYNC110 - of a list
            await asyncio.sleep(0.01)
    said = [json.loads(message["text"]) for message in browser.heard[1:]]
    assert said == [{"message": "while it came in"}, {"message": "when it was there"}]
    browser.said.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await browser.task


async def test_a_database_that_goes_away_while_one_catches_up_closes_with_come_back_later(
    interface: Interface, room: Room, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(interface, "settle_in_room", refuse)
    browser = Browser(key, room)
    assert await browser.closed() == 1013
    assert browser.kinds.count("accept") == 1


async def test_a_room_that_goes_while_one_catches_up_closes_with_no_such_room(
    interface: Interface, room: Room, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any) -> None:
        raise StreamGone

    monkeypatch.setattr(interface, "settle_in_room", refuse)
    browser = Browser(key, room)
    assert await browser.closed() == 4404
    assert any("no_such_room" in message.get("text", "") for message in browser.heard)
