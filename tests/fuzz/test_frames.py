"""Mutated frames through the socket of a room and the worker behind it: all are refused by a code, or done."""

import asyncio
import json
import re
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as shipped
from pytest_django import Settings

from consumers.interface.process import Interface
from consumers.interface.transport.outlet import Outlet
from consumers.sockets.chat import ChatSocket
from consumers.workers.chat import ChatWorker
from proj.accounts.models import User
from proj.accounts.sessions import session_for
from proj.layer.messages import ChatBatch
from proj.rooms.log import writing
from proj.rooms.log.commands import Command, Outcome, Refusal, Written
from proj.rooms.models import Event, Room
from tests.fuzz.mutation import Mutator
from tests.system.stack import CHECKOUT

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("type", "message", "client_id", "seq", "emoji", "epoch")
CODES = set(re.findall(r"^\| `(\w+)` \|", (CHECKOUT / "docs" / "protocol.md").read_text(), re.MULTILINE))


def valid_frames() -> list[dict[str, Any]]:
    """Return one valid frame of each kind. The room has a message with the number 2."""
    named = {"client_id": str(uuid.uuid4())}
    return [
        {"message": "hi **there** @bob https://example.com/a", **named},
        {"type": "post", "message": "```py\nx\n```", **named},
        {"type": "edit", "seq": 2, "message": "changed", **named},
        {"type": "delete", "seq": 3, **named},
        {"type": "react", "seq": 2, "emoji": "🎉", **named},
        {"type": "unreact", "seq": 2, "emoji": "🎉", **named},
        {"type": "seen", "seq": 2},
        {"type": "resume", "epoch": "0", "seq": 1},
        {"type": "typing"},
    ]


class OpenRoom:
    """A real ChatSocket without a network: frames go in, and commands are collected instead of sent to a worker."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[dict[str, Any]] = []
        self.commands: list[Command] = []
        self.socket = ChatSocket()

    async def open(self, key: str, room: Room, *, plain: bool) -> None:
        scope = {
            "type": "websocket",
            "headers": [(b"cookie", f"{shipped.SESSION_COOKIE_NAME}={key}".encode())],
            "subprotocols": [] if plain else ["signalbox.v1"],
            "query_string": b"",
            "url_route": {"kwargs": {"room": room.name}},
        }
        self.asked.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.ensure_future(self.socket(scope, self.asked.get, self._send))
        async with asyncio.timeout(20):
            while self.socket.follower is None or not self.sent:  # noqa: ASYNC110 - of a list
                await asyncio.sleep(0.01)

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    def collect(self, outlet: Outlet, command: Command) -> None:
        self.commands.append(command)

    async def close(self) -> None:
        self.asked.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self.task

    def errors(self) -> list[dict[str, Any]]:
        frames = [json.loads(message["text"]) for message in self.sent if message["type"] == "websocket.send"]
        return [frame for frame in frames if frame.get("type") == "error"]


@pytest.fixture
async def interface(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Interface]:
    interface = Interface()
    monkeypatch.setattr(sys.modules[ChatSocket.__module__], "interface", lambda: interface)
    yield interface
    await interface.tasks.stop()


@pytest.fixture
def room(alice: User, settings: Settings) -> Room:
    settings.POST_RATE = settings.BAD_FRAMES = 0
    room = Room.objects.create(name="lobby", owner=alice)
    for number in range(4):
        room.post(alice, f"message {number}")
    return room


def done(commands: list[Command]) -> list[Outcome]:
    """Do the commands as the chat worker does: packed, unpacked, written."""
    message = ChatBatch(process="p", items=[(1, command.packed()) for command in commands], received=[])
    requests = ChatWorker().unpacked(message)
    assert len(requests) == len(commands), "the worker cannot read a command of the socket"
    return writing.write([request.command for request in requests])


@pytest.fixture
def key(alice: User) -> Iterator[str]:
    with session_for(alice, 600) as key:
        yield key


async def fuzz(interface: Interface, room: Room, key: str, *, seed: int, frames: int, plain: bool) -> None:
    mutator = Mutator(seed)
    opened = OpenRoom()
    interface.send_command = opened.collect  # type: ignore[method-assign]
    await opened.open(key, room, plain=plain)
    for _ in range(frames):
        text = mutator.json(mutator.random.choice(valid_frames()), NAMES)
        binary = mutator.random.random() < 0.02
        await opened.socket.received({"type": "websocket.receive", "bytes" if binary else "text": text})
        assert not opened.socket.closing, f"seed {seed}: closed after {text[:200]!r}"
    await asyncio.sleep(0)  # the line writes what it has
    errors = opened.errors()
    assert plain or len(errors) > frames / 10
    assert len(opened.commands) > frames / 20
    assert {error["code"] for error in errors} <= CODES
    assert all(error["detail"] for error in errors)
    await sync_to_async(check_commands)(opened.commands, room)
    await say_something_valid(opened)
    await opened.close()


def check_commands(commands: list[Command], room: Room) -> None:
    """Do the commands that the socket let through; what is refused leaves no trace."""
    before, rooms = Event.objects.count(), Room.objects.count()
    outcomes = done(commands)
    assert {outcome.code for outcome in outcomes if isinstance(outcome, Refusal)} <= CODES
    assert Event.objects.count() == before + sum(isinstance(outcome, Written) for outcome in outcomes)
    assert Room.objects.count() == rooms
    room.refresh_from_db()
    assert list(room.events.values_list("seq", flat=True).order_by("seq")) == list(range(1, room.seq + 1))


async def say_something_valid(opened: OpenRoom) -> None:
    opened.commands.clear()
    await opened.socket.received({"type": "websocket.receive", "text": json.dumps({"message": "still here"})})
    (outcome,) = await sync_to_async(done)(opened.commands)
    assert isinstance(outcome, Written)


@pytest.mark.parametrize("plain", [False, True], ids=["protocol", "plain"])
async def test_a_thousand_mutated_frames_are_refused_by_a_code_or_done(
    interface: Interface, room: Room, key: str, plain: bool
) -> None:
    await fuzz(interface, room, key, seed=1 + plain, frames=1_000, plain=plain)


@pytest.mark.by_hand
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(100, 200))
async def test_many_mutated_frames_by_hand(interface: Interface, room: Room, key: str, seed: int) -> None:
    await fuzz(interface, room, key, seed=seed, frames=2_000, plain=seed % 5 == 0)
