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
from consumers.interface.outlet import Outlet
from consumers.interface.room import OpenRoom
from proj.layer.names import interface_group, room_group
from proj.layer.publish import apublish
from proj.rooms.frames import encoded

logger = logging.getLogger(__name__)

TICK = 1.0  # seconds between two looks at presence
LOOK = 3.0  # seconds between two looks at the heads in the database, which find whatever the layer lost
HEAD = 20.0  # seconds between two `head` frames
PATIENCE = 0.1  # seconds that an event waits for one before it that may be on its way
SUBSCRIBING = 1.0  # seconds that a socket waits for the layer before it goes on without
PORTION = 500  # events read at once to fill a gap


class Mailbox:
    """Joins sockets to rooms and delivers what arrives for them."""

    def __init__(self) -> None:
        self.process = uuid.uuid4().hex
        self.rooms: dict[int, OpenRoom] = {}
        self.outlets: dict[int, Outlet] = {}
        self.unreadable = 0
        self._layer = get_channel_layer()
        self._channel = ""
        self._unsettled: set[OpenRoom] = set()  # in the group and nobody here, or the other way round
        self._settle = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        for life in (self._receive, self._subscribe, self._look, self._tick):
            self._spawn(self._for_ever(life))

    # for sockets

    async def join(self, room_id: int, outlet: Outlet) -> OpenRoom:
        """Bring `outlet` into the room. It is held: read the log, then call settled()."""
        room = self.rooms.get(room_id)
        if room is None:
            room = self.rooms[room_id] = OpenRoom(room_id)
        room.outlets.add(outlet)
        outlet.room = room_id
        self.outlets[outlet.id] = outlet
        room.presence.sees(other.name for other in room.outlets)
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
        if room is not None:
            room.outlets.discard(outlet)
            room.presence.sees(other.name for other in room.outlets)
            if not room.outlets:
                self._unsettled.add(room)
                self._settle.set()

    async def settled(self, room: OpenRoom, outlet: Outlet, page: reading.Page) -> None:
        """`outlet` was given everything up to `page.head`: it is live from here on."""
        room.epoch = room.epoch or page.epoch
        await room.read_up_to(page.head)
        await outlet.release(page.head)

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
                self._channel = await self._layer.new_channel()
                await self._layer.group_add(interface_group(self.process), self._channel)
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

    async def _receive(self) -> None:
        if not self._channel:
            await asyncio.sleep(0.02)
            return
        message = await self._layer.receive(self._channel)
        try:
            await self._arrived(message)
        except Exception:
            self.unreadable += 1
            logger.exception("a message that cannot be delivered, type %r", message.get("type"))

    async def _arrived(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "socket.replies":
            for number, frame in message["replies"]:
                if outlet := self.outlets.get(number):
                    await outlet.write(frame)
            return
        room = self.rooms.get(message["room"])
        if room is None:
            return
        if kind == "room.frames":
            for seq, frame in message["frames"]:
                await room.arrived(seq, frame)
            if room.behind:
                self._spawn(self._fill(room, PATIENCE))
        elif kind == "room.flash":
            await room.flash(message["frame"])
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
                for seq, frame in page.events:
                    await room.arrived(seq, frame)
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
        room.head, room.epoch, room.ahead = seq, epoch, {}
        frame = encoded({"type": "reset", "epoch": epoch, "seq": seq})
        for outlet in tuple(room.outlets):
            await outlet.write(frame)
            await outlet.release(seq)

    # now and then

    async def _tick(self) -> None:
        await asyncio.sleep(TICK)
        now = time.monotonic()
        told = []
        for room in list(self.rooms.values()):
            if room.subscribed.is_set() and room.presence.speak(now):
                told.append(self._whom_we_see(room))
            everyone = room.presence.changed(now)
            if everyone is not None:
                await room.flash(encoded(presence.frame(everyone)))
            if int(now / HEAD + room.id / 7) != int((now - TICK) / HEAD + room.id / 7) and room.head is not None:
                await room.flash(encoded({"type": "head", "seq": room.head}))
        if told:
            await apublish(told)

    def _whom_we_see(self, room: OpenRoom, *, ask: bool = False) -> tuple[str, dict[str, Any]]:
        here = sorted(room.presence.here)[: 2 * presence.ANNOUNCED]
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
