"""Rooms with a real log and a real layer: a socket that enters late, or while something fails, misses nothing."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from consumers.interface.feeds.feed import Follower
from consumers.interface.feeds.rooms import Replay
from consumers.interface.process import Interface, joined
from consumers.interface.support import subscriptions
from consumers.interface.transport.frame import Frame
from consumers.interface.transport.outlet import Outlet
from proj.accounts.models import User
from proj.layer.messages import RoomFlash, RoomFrames, SocketReplies
from proj.layer.names import room_group
from proj.rooms.log import writing
from proj.rooms.log.commands import Command
from proj.rooms.models import Room, new_epoch

pytestmark = pytest.mark.django_db(transaction=True)


class Page:
    """A line that remembers the frames that were written."""

    waiting = 0

    def __init__(self) -> None:
        self.frames: list[dict[str, object]] = []
        self.closed: list[int] = []
        self.outlet = Outlet(self, 1, "alice", plain=False)
        self.follower = Follower(self.outlet)

    def write(self, frame: Frame) -> None:
        self.frames.append(json.loads(frame.text))

    def write_now(self, frames: Sequence[Frame], wire: bytes) -> None:
        for frame in frames:
            self.write(frame)

    def close(self, code: int, reason: str = "") -> None:
        self.closed.append(code)

    def seqs(self) -> list[object]:
        return [frame["seq"] for frame in self.frames if frame["type"] == "message.posted"]


@pytest.fixture
async def interface() -> AsyncIterator[Interface]:
    interface = Interface()
    yield interface
    await interface.tasks.stop()


@pytest.fixture
def room(alice: User) -> Room:
    return Room.objects.create(name="lobby")


def write(room: Room, author: User, messages: int) -> None:
    """Store messages, and publish nothing."""
    writing.write([Command("post", room.pk, author.pk, str(uuid.uuid4()), f"text {n}") for n in range(messages)])


def publish(room: Room, author: User) -> None:
    """Store a message, and publish it."""
    room.post(author, "text")


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - of anything, not of one event
            await asyncio.sleep(0.01)


async def enter(interface: Interface, room: Room, page: Page) -> Replay:
    """Enter the room, and read the log; settle_in_room() is the test's."""
    await interface.enter_room(room.pk, page.follower)
    return await interface.read_replay(room.pk, "", None)


async def settle(interface: Interface, page: Page, replay: Replay) -> None:
    replay.pieces.clear()
    await interface.settle_in_room(page.follower, replay)


async def test_a_socket_that_read_less_than_another_misses_nothing(
    interface: Interface, room: Room, alice: User
) -> None:
    slow, quick = Page(), Page()
    await sync_to_async(write)(room, alice, 3)
    early = await enter(interface, room, slow)
    await sync_to_async(write)(room, alice, 2)
    late = await enter(interface, room, quick)
    await settle(interface, quick, late)  # the feed begins at 5
    await settle(interface, slow, early)  # this one has read up to 3
    assert slow.seqs() == [4, 5]
    await sync_to_async(publish)(room, alice)
    await until(lambda: slow.seqs()[-1:] == [6] and quick.seqs() == [6])
    assert slow.seqs() == [4, 5, 6]


async def test_events_that_the_layer_did_not_bring_are_read_before_the_next(
    interface: Interface, room: Room, alice: User
) -> None:
    page = Page()
    await settle(interface, page, await enter(interface, room, page))
    await sync_to_async(write)(room, alice, 700)  # more than one read
    await sync_to_async(publish)(room, alice)
    await until(lambda: page.follower.position == 701)
    assert page.seqs() == list(range(1, 702))


async def test_a_backup_that_is_restored_while_a_socket_enters_resets_it(
    interface: Interface, room: Room, alice: User
) -> None:
    old, new = Page(), Page()
    await sync_to_async(write)(room, alice, 3)
    await settle(interface, old, await enter(interface, room, old))
    replay = await enter(interface, room, new)
    epoch = new_epoch()
    await sync_to_async(Room.objects.filter(pk=room.pk).update)(epoch=epoch, seq=2)
    await until(lambda: interface.rooms.open[room.pk].generation == epoch)  # heads are polled every three seconds
    await settle(interface, new, replay)
    for page in (old, new):
        assert page.frames[-1] == {"type": "reset", "epoch": epoch, "seq": 2}
        assert page.follower.position == 2


async def test_frames_that_arrive_at_once_are_joined_by_room() -> None:
    def frames(room: int, seq: int, times: list[float]) -> RoomFrames:
        return RoomFrames(room=room, frames=[(seq, str(seq))], times=times)

    replies, typing = SocketReplies(replies=[]), RoomFlash(room=1, frame="{}")
    assert list(joined([replies, frames(1, 1, [1, 2]), frames(2, 7, []), typing, frames(1, 2, [3, 4])])) == [
        typing,  # after the message the person does not type any more
        RoomFrames(room=1, frames=[(1, "1"), (2, "2")], times=[1, 2, 3, 4]),
        frames(2, 7, []),
        replies,
    ]


@pytest.mark.parametrize(
    "malformed",
    [
        {"type": "room.frames"},
        {"type": "room.frames", "room": 1, "frames": None},
        {"type": "room.frames", "room": [1], "frames": []},
        {"type": "room.frames", "room": 1, "frames": [], "times": 5},
        {"type": "room.frames", "room": 1, "frames": {}},
        {"type": "no.such.type"},
        {1: 2},
    ],
)
async def test_a_malformed_message_does_not_cost_the_messages_beside_it(
    interface: Interface, room: Room, alice: User, malformed: dict[object, object]
) -> None:
    page = Page()
    await settle(interface, page, await enter(interface, room, page))
    for _ in range(2):
        await sync_to_async(publish)(room, alice)
        await get_channel_layer().group_send(room_group(room.pk), malformed)
    await sync_to_async(publish)(room, alice)
    await until(lambda: page.seqs() == [1, 2, 3])


async def test_a_room_closes_with_its_last_socket_and_opens_again(
    interface: Interface, room: Room, alice: User
) -> None:
    for turn in range(5):
        page = Page()
        await settle(interface, page, await enter(interface, room, page))
        await sync_to_async(publish)(room, alice)
        await until(lambda page=page, turn=turn: page.seqs() == [turn + 1])  # type: ignore[misc]
        interface.leave_room(page.follower)
        if turn % 2:  # sometimes the next one enters before the process has left the group
            await until(lambda: not len(interface.subscriptions))
    await until(lambda: not len(interface.subscriptions))
    assert not interface.rooms.open
    assert not interface.outlets


async def test_a_channel_that_redis_left_half_way_is_the_one_that_is_used(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, page = get_channel_layer(), Page()
    channels: list[str] = []
    add = layer.group_add

    async def fail_once(group: str, channel: str) -> None:
        await add(group, channel)
        channels.append(channel)
        if len(channels) == 1:
            raise RedisError("away")

    monkeypatch.setattr(layer, "group_add", fail_once, raising=False)
    interface = Interface()
    await interface.enter_room(room.pk, page.follower)
    await interface.tasks.stop()
    assert len(channels) > 3
    assert len(set(channels)) == 1, "messages of a channel that is in a group and never read would grow for ever"


async def test_a_socket_that_is_hours_old_is_asked_to_come_again(interface: Interface, room: Room) -> None:
    page = Page()
    await interface.enter_room(room.pk, page.follower)
    await interface.tasks.stop()
    page.closed.clear()  # the page has no session: a check of access may have closed it
    interface.access.close_expired(page.outlet.expires_at - 1)
    assert page.closed == []
    interface.access.close_expired(page.outlet.expires_at + 1)
    assert page.closed == [1012]


async def test_a_socket_that_enters_while_redis_is_away_follows_when_it_is_back(
    room: Room, alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(subscriptions, "JOIN_TIMEOUT_SECONDS", 0.1)
    layer, back = get_channel_layer(), asyncio.Event()
    add = layer.group_add

    async def away(group: str, channel: str) -> None:
        await back.wait()
        await add(group, channel)

    monkeypatch.setattr(layer, "group_add", away, raising=False)
    interface, pages = Interface(), [Page(), Page()]
    for page in pages:
        await settle(interface, page, await enter(interface, room, page))
    assert caplog.text.count("Redis is away") == 1
    await sync_to_async(publish)(room, alice)
    back.set()
    await until(lambda: all(page.seqs() == [1] for page in pages), seconds=2.5)  # and not with the next poll
    await interface.tasks.stop()
