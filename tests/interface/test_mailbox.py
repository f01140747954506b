"""The mailbox with a real log and a real layer: who joins late, or while something goes wrong, misses nothing."""

import asyncio
import json
import sys
import uuid
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from asgiref.sync import sync_to_async
from redis.exceptions import RedisError

from consumers.interface.feeds import mailbox as mailboxes
from consumers.interface.feeds import reading
from consumers.interface.feeds.gaps import Gaps
from consumers.interface.feeds.mailbox import Mailbox
from consumers.interface.feeds.room import OpenRoom
from consumers.interface.support.database import ask
from consumers.interface.transport.frame import Frame
from consumers.interface.transport.outlet import Outlet
from proj.accounts.models import User
from proj.layer.messages import RoomFlash, RoomFrames, SocketReplies
from proj.rooms.log import writing
from proj.rooms.log.commands import Command
from proj.rooms.models import Room, new_epoch

pytestmark = pytest.mark.django_db(transaction=True)


class Page:
    """A line that keeps what it was told."""

    waiting = 0

    def __init__(self) -> None:
        self.frames: list[dict[str, object]] = []
        self.closed: list[int] = []
        self.outlet = Outlet(self, 1, "alice", plain=False)

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
def room(alice: User) -> Room:
    return Room.objects.create(name="lobby")


def write(room: Room, author: User, messages: int) -> None:
    """Store messages and tell nobody."""
    writing.write([Command("post", room.pk, author.pk, str(uuid.uuid4()), f"text {n}") for n in range(messages)])


def publish(room: Room, author: User) -> None:
    """Store a message and tell everyone."""
    room.post(author, "text")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - of anything, not of one event
            await asyncio.sleep(0.01)


async def arrive(mailbox: Mailbox, room: Room, page: Page) -> reading.Page:
    """Join, and read the log; settled() is the test's."""
    await mailbox.join(room.pk, page.outlet)
    return await ask(partial(reading.after, room.pk, None))


async def test_who_read_less_than_another_told_the_room_of_misses_nothing(room: Room, alice: User) -> None:
    mailbox = Mailbox()
    slow, quick = Page(), Page()
    await sync_to_async(write)(room, alice, 3)
    early = await arrive(mailbox, room, slow)
    await sync_to_async(write)(room, alice, 2)
    late = await arrive(mailbox, room, quick)
    await mailbox.settled(mailbox.rooms[room.pk], quick.outlet, late)  # tells the room of 5
    await mailbox.settled(mailbox.rooms[room.pk], slow.outlet, early)  # has read up to 3
    assert slow.seqs() == [4, 5]
    await sync_to_async(publish)(room, alice)
    await until(lambda: slow.seqs()[-1:] == [6] and quick.seqs() == [6])
    assert slow.seqs() == [4, 5, 6]
    await mailbox.tasks.stop()


async def test_events_that_the_layer_did_not_bring_are_read_before_the_next(room: Room, alice: User) -> None:
    mailbox, page = Mailbox(), Page()
    read = await arrive(mailbox, room, page)
    await mailbox.settled(mailbox.rooms[room.pk], page.outlet, read)
    await sync_to_async(write)(room, alice, 700)  # more than one portion
    await sync_to_async(publish)(room, alice)
    await until(lambda: page.outlet.seq == 701)
    assert page.seqs() == list(range(1, 702))
    await mailbox.tasks.stop()


async def test_a_backup_that_is_restored_while_somebody_comes_resets_them(room: Room, alice: User) -> None:
    mailbox, old, new = Mailbox(), Page(), Page()
    await sync_to_async(write)(room, alice, 3)
    read = await arrive(mailbox, room, old)
    await mailbox.settled(mailbox.rooms[room.pk], old.outlet, read)
    read_before = await arrive(mailbox, room, new)
    epoch = new_epoch()
    await sync_to_async(Room.objects.filter(pk=room.pk).update)(epoch=epoch, seq=2)
    await until(lambda: mailbox.rooms[room.pk].epoch == epoch)  # it looks at the heads every three seconds
    await mailbox.settled(mailbox.rooms[room.pk], new.outlet, read_before)
    for page in (old, new):
        assert page.frames[-1] == {"type": "reset", "epoch": epoch, "seq": 2}
        assert page.outlet.seq == 2
    await mailbox.tasks.stop()


async def test_frames_that_arrive_at_once_are_put_together_by_room() -> None:
    def frames(room: int, seq: int, times: list[float]) -> RoomFrames:
        return RoomFrames(room=room, frames=[(seq, str(seq))], times=times)

    replies, typing = SocketReplies(replies=[]), RoomFlash(room=1, frame="{}")
    together = mailboxes._together([replies, frames(1, 1, [1, 2]), frames(2, 7, []), typing, frames(1, 2, [3, 4])])
    assert together == [
        typing,  # whoever speaks after it does not type any more
        RoomFrames(room=1, frames=[(1, "1"), (2, "2")], times=[1, 2, 3, 4]),
        frames(2, 7, []),
        replies,
    ]


async def test_what_arrives_while_the_heads_are_read_is_delivered_once(
    room: Room, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page()
    opened = OpenRoom(room.pk)
    opened.outlets.add(page.outlet)
    opened.read_up_to(0, room.epoch)
    page.outlet.release(0)
    gaps = Gaps({room.pk: opened})
    monkeypatch.setattr(sys.modules[Gaps.__module__], "LOOK", 0)
    asked = ask

    async def slow(question: Callable[[], object]) -> object:
        """Three more events are stored and delivered between the reading and the comparing."""
        answer = await asked(question)
        await sync_to_async(write)(room, alice, 3)
        opened.arrived((await asked(partial(reading.after, room.pk, opened.head, 100))).events)
        return answer

    monkeypatch.setattr(sys.modules[Gaps.__module__], "ask", slow)
    for _ in range(3):
        await gaps.look()
    assert page.seqs() == list(range(1, 10))


async def test_when_the_last_socket_leaves_the_room_is_closed_and_another_opens_it_again(
    room: Room, alice: User
) -> None:
    mailbox = Mailbox()
    for turn in range(5):
        page = Page()
        joined = await mailbox.join(room.pk, page.outlet)
        await mailbox.settled(joined, page.outlet, await ask(partial(reading.after, room.pk, None)))
        await sync_to_async(publish)(room, alice)
        await until(lambda page=page, turn=turn: page.seqs() == [turn + 1])  # type: ignore[misc]
        mailbox.leave(page.outlet)
        if turn % 2:  # sometimes the next one comes before the mailbox has left the group
            await until(lambda: not mailbox.rooms)
    await until(lambda: not mailbox.rooms)
    assert not mailbox.outlets
    await mailbox.tasks.stop()


async def test_a_channel_that_redis_left_half_way_is_the_one_that_is_used(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox, page = Mailbox(), Page()
    joined: list[str] = []
    add = mailbox._layer.group_add

    async def once_in_vain(group: str, channel: str) -> None:
        await add(group, channel)
        joined.append(channel)
        if len(joined) == 1:
            raise RedisError("away")

    monkeypatch.setattr(mailbox._layer, "group_add", once_in_vain, raising=False)
    await mailbox.join(room.pk, page.outlet)
    await mailbox.tasks.stop()
    assert set(joined) == {mailbox._channel}  # what is in a group and read by nobody grows for ever


async def test_a_socket_that_is_hours_old_is_asked_to_come_again(room: Room) -> None:
    mailbox, page = Mailbox(), Page()
    await mailbox.join(room.pk, page.outlet)
    mailbox.stay.end_old(page.outlet.until - 1)
    assert page.closed == []
    mailbox.stay.end_old(page.outlet.until + 1)
    assert page.closed == [1012]
    await mailbox.tasks.stop()
