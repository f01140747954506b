"""The mailbox: one per interface process. All that its sockets hear from other processes arrives here.

One task receives, from one channel of the layer, and is never cancelled: with a channel per socket, closing one socket
can drop a message meant for another. The mailbox is in a room's group while a local socket has the room open.
"""

import asyncio
import logging
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from channels.layers import get_channel_layer

from consumers.interface import presence, reading
from consumers.interface.database import ask
from consumers.interface.frame import Frame
from consumers.interface.outlet import Outlet
from consumers.interface.room import OpenRoom
from proj.accounts.access import EVERYBODY
from proj.layer.names import INTERFACES, interface_group, room_group
from proj.layer.publish import apublish
from proj.metrics.definitions import (
    COMMIT_TO_DELIVERY,
    GAP_EVENTS,
    GAPS,
    PROCESS,
    RECEIVE_TO_DELIVERY,
    ROOMS,
    UNREADABLE,
)

logger = logging.getLogger(__name__)

TICK = 1.0  # seconds between two looks at presence
LOOK = 3.0  # seconds between two looks at the heads in the database, which find whatever the layer lost
HEAD = 20.0  # seconds between two `head` frames
PATIENCE = 0.1  # seconds that an event waits for one before it that may be on its way
SUBSCRIBING = 1.0  # seconds that a socket waits for the layer before it goes on without
SETTLING = 0.5  # seconds between the word that access changes and the look: signing out tells just before it is done
RECHECK = 60.0  # seconds between two looks at who may stay
PORTION = 500  # events, or people, read at once


class Mailbox:
    """Joins sockets to rooms and delivers what arrives for them."""

    def __init__(self) -> None:
        self.process = uuid.uuid4().hex
        self.rooms: dict[int, OpenRoom] = {}
        self.outlets: dict[int, Outlet] = {}
        self._layer = get_channel_layer()
        self._channel = ""
        self._unsettled: set[OpenRoom] = set()  # in the group and nobody here, or the other way round
        self._settle = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticked = time.monotonic()
        for life in (self._receive, self._subscribe, self._look, self._tick, self._look_at_people):
            self._spawn(self._for_ever(life))

    # for sockets

    async def join(self, room_id: int, outlet: Outlet) -> OpenRoom:
        """Bring `outlet` into the room. It is held: read the log, then call settled()."""
        room = self.rooms.get(room_id)
        if room is None:
            room = self.rooms[room_id] = OpenRoom(room_id)
            ROOMS.labels(PROCESS).set(len(self.rooms))
        room.outlets.add(outlet)
        room.presence.came(outlet.name)
        outlet.room = room_id
        self.outlets[outlet.id] = outlet
        if not room.subscribed.is_set():
            self._unsettled.add(room)
            self._settle.set()
            try:
                await asyncio.wait_for(room.subscribed.wait(), SUBSCRIBING)
            except TimeoutError:
                logger.warning("room %d is open without the layer: Redis is away", room_id)
        return room

    def leave(self, outlet: Outlet) -> None:
        """Take `outlet` out of its room."""
        self.outlets.pop(outlet.id, None)
        room = self.rooms.get(outlet.room)
        if room is not None and outlet in room.outlets:
            room.outlets.remove(outlet)
            room.presence.went(outlet.name)
            if not room.outlets:
                self._unsettled.add(room)
                self._settle.set()

    async def settled(self, room: OpenRoom, outlet: Outlet, page: reading.Page) -> None:
        """`outlet` was given everything up to `page.head` of `page.epoch`: it is live from here on."""
        room.read_up_to(page.head, page.epoch)
        if page.epoch != room.epoch:  # a backup was restored while it read
            page = await ask(partial(reading.after, room.id, None))
            if page.epoch != room.epoch:
                room.begin_anew(page.head, page.epoch)
            outlet.tell(type="reset", epoch=page.epoch, seq=page.head)
        seq = page.head
        # Another socket may have told the room of a later head, before which nothing was held back for this one.
        while room.head is not None and seq < room.head and not (outlet.held and outlet.held[0][0] <= seq + 1):
            page = await ask(partial(reading.after, room.id, seq, PORTION))
            if not page.events:
                break
            outlet.replay(text for _, text in page.events)
            seq = page.events[-1][0]
        outlet.release(seq)

    def people(self, room: OpenRoom) -> dict[str, object]:
        """Who is in the room, as the protocol's presence frame."""
        return presence.frame(room.presence.everyone(time.monotonic()))

    # the layer

    async def _subscribe(self) -> None:
        """Keep the groups in step with the rooms that are open here."""
        await self._settle.wait()
        self._settle.clear()
        while self._unsettled:
            if not self._channel:
                channel = await self._layer.new_channel()
                for group in (interface_group(self.process), INTERFACES):
                    await self._layer.group_add(group, channel)
                self._channel = channel  # only now: a try that failed half-way must be made again
            room = next(iter(self._unsettled))
            if room.outlets and not room.subscribed.is_set():
                await self._layer.group_add(room_group(room.id), self._channel)
                late = room.head is not None
                room.subscribed.set()
                await apublish([self._whom_we_see(room, ask=True)])
                if late:  # it was open without the layer, so it may have missed something
                    self._spawn(self._fill(room))
            elif not room.outlets and room.subscribed.is_set():
                await self._layer.group_discard(room_group(room.id), self._channel)
                room.subscribed.clear()
                await apublish([self._whom_we_see(room)])
            if bool(room.outlets) == room.subscribed.is_set():
                self._unsettled.discard(room)
                if not room.outlets and self.rooms.get(room.id) is room:
                    del self.rooms[room.id]
                    ROOMS.labels(PROCESS).set(len(self.rooms))

    async def _receive(self) -> None:
        if not self._channel:
            await asyncio.sleep(0.02)
            return
        message = await self._layer.receive(self._channel)
        try:
            await self._arrived(message)
        except Exception:
            UNREADABLE.labels("mailbox").inc()
            logger.exception("a message that cannot be delivered, type %r", message.get("type"))

    async def _arrived(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "socket.replies":
            for number, text in message["replies"]:
                if outlet := self.outlets.get(number):
                    outlet.write(Frame(text))
            return
        if kind == "access.changed":
            self._spawn(self._recheck_soon(message["user"]))
            return
        room = self.rooms.get(message["room"])
        if room is None:
            return
        if kind == "room.frames":
            for seq, text in message["frames"]:
                room.arrived(seq, text)
            if room.behind:
                self._spawn(self._fill(room, PATIENCE))
            elif room.outlets and (times := message.get("times")):
                asyncio.get_running_loop().call_soon(_delivered, *times)  # after what was written goes out
        elif kind == "room.flash":
            room.flash(Frame(message["frame"]))
        elif kind == "room.presence" and message["process"] != self.process:
            room.presence.hears(message["process"], message["here"], time.monotonic())
            room.presence.due |= message["ask"]

    # the log

    async def _fill(self, room: OpenRoom, patience: float = 0.0) -> None:
        """Read what the layer did not bring, once for all sockets of the room."""
        if room.filling:
            return
        room.filling = True
        try:
            await asyncio.sleep(patience)
            while patience == 0.0 or room.behind:
                start = room.head
                if start is None:
                    return
                page = await ask(partial(reading.after, room.id, start, PORTION))
                missing = [(seq, text) for seq, text in page.events if room.misses(seq)]
                for seq, text in missing:
                    room.arrived(seq, text)
                if missing:
                    GAPS.inc()
                    GAP_EVENTS.inc(len(missing))
                if room.head is None or room.head >= page.head or room.head == start:
                    return
        finally:
            room.filling = False

    async def _look(self) -> None:
        """Compare the rooms' heads with the database: this finds a lost event even when no other follows it."""
        await asyncio.sleep(LOOK * random.uniform(0.8, 1.0))  # noqa: S311 - so that processes do not ask together
        known = {id: room for id, room in self.rooms.items() if room.head is not None}
        if not known:
            return
        heads = await ask(partial(reading.heads, known))
        for id, (seq, epoch) in heads.items():
            room = known[id]
            if room.head is not None and (epoch != room.epoch or seq < room.head):
                await self._reset(room, seq, epoch)
            elif room.head is not None and seq > room.head:
                await self._fill(room)

    async def _reset(self, room: OpenRoom, seq: int, epoch: str) -> None:
        """The log is another one, a backup was restored: all sockets begin anew."""
        if room.head is not None and epoch == room.epoch:
            page = await ask(partial(reading.after, room.id, None))
            if page.head >= room.head and page.epoch == room.epoch:
                return  # it was read before an event that has been delivered since
        room.begin_anew(seq, epoch)

    # who may stay

    async def _look_at_people(self) -> None:
        """Check everybody's access now and then: the word of a change may have been lost."""
        await asyncio.sleep(RECHECK * random.uniform(0.5, 1.0))  # noqa: S311 - so that processes do not ask together
        self._end_old(time.monotonic())
        await self._recheck(list(self.outlets.values()))

    def _end_old(self, now: float) -> None:
        """Ask those who have been here for hours to come again: nothing then depends on what was true so long ago."""
        for outlet in list(self.outlets.values()):
            if now > outlet.until:
                outlet.line.close(1012, "retry_after=0")

    async def _recheck_soon(self, user_id: int) -> None:
        await asyncio.sleep(SETTLING)
        await self._recheck([one for one in self.outlets.values() if user_id in (EVERYBODY, one.user_id)])

    async def _recheck(self, outlets: list[Outlet]) -> None:
        """Close the sockets of those who are signed out, or may no longer be where they are."""
        for start in range(0, len(outlets), PORTION):
            some = outlets[start : start + PORTION]
            allowed = await ask(partial(reading.allowed, [(o.session, o.user_id, o.room) for o in some]))
            for outlet, (signed_in, may_stay) in zip(some, allowed, strict=True):
                if not signed_in:
                    outlet.tell(type="error", code="signed_out", detail="You were signed out.")
                    outlet.line.close(4401)
                elif not may_stay:
                    outlet.tell(type="error", code="no_access", detail="You have no access to this room any more.")
                    outlet.line.close(4403)

    # now and then

    async def _tick(self) -> None:
        then = self._ticked
        await asyncio.sleep(TICK)
        now = self._ticked = time.monotonic()
        told = []
        for room in list(self.rooms.values()):
            if room.subscribed.is_set() and room.presence.speak(now):
                told.append(self._whom_we_see(room))
            everyone = room.presence.changed(now)
            if everyone is not None:
                room.flash(Frame.of(presence.frame(everyone)))
            if int(now / HEAD + room.id / 7) != int(then / HEAD + room.id / 7) and room.head is not None:
                room.flash(Frame.of({"type": "head", "seq": room.head}))
        if told:
            self._spawn(apublish(told))

    async def stop(self) -> None:
        """End all tasks; what arrives from now on is lost."""
        while self._tasks:  # a Redis client that is just connecting may swallow the first word
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(list(self._tasks), timeout=0.2)

    async def close(self) -> None:
        """Tell the other processes that nobody is here any more."""
        if self.rooms:
            await apublish([self._whom_we_see(room, gone=True) for room in self.rooms.values()])

    def _whom_we_see(self, room: OpenRoom, *, ask: bool = False, gone: bool = False) -> tuple[str, dict[str, Any]]:
        here = [] if gone else sorted(room.presence.here)[: presence.CARRIED]
        message = {"type": "room.presence", "room": room.id, "process": self.process, "here": here, "ask": ask}
        return room_group(room.id), message

    # tasks

    async def _for_ever(self, life: Callable[[], Awaitable[None]]) -> None:
        """Run `life` again and again: whatever it meets, the mailbox stays open."""
        wait = 0.1
        while True:
            try:
                await life()
                wait = 0.1
            except Exception as error:
                logger.warning("mailbox %s: %r", getattr(life, "__name__", life), error)
                if life == self._subscribe:
                    self._settle.set()
                await asyncio.sleep(random.uniform(wait / 2, wait))  # noqa: S311 - jitter
                wait = min(wait * 2, 3.0)

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.warning("mailbox: %r", task.exception())


def _delivered(received: float, committed: float) -> None:
    """Events reached the sockets. Times are wall-clock seconds of other processes; 0 when nobody knows."""
    now = time.time()
    COMMIT_TO_DELIVERY.observe(max(0.0, now - committed))
    if received:
        RECEIVE_TO_DELIVERY.observe(max(0.0, now - received))
