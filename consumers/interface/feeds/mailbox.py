"""The mailbox: one per interface process. All that its sockets hear from other processes arrives here.

One task receives, from one channel of the layer, and is never cancelled: with a channel per socket, closing one socket
can drop a message meant for another. The mailbox is in a room's group while a local socket has the room open.
"""

import asyncio
import logging
import time
import uuid
from functools import partial

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from consumers.interface.chat import presence
from consumers.interface.chat.people import People
from consumers.interface.feeds import reading
from consumers.interface.feeds.gaps import PATIENCE, PORTION, Gaps
from consumers.interface.feeds.room import OpenRoom
from consumers.interface.feeds.stay import Stay
from consumers.interface.feeds.watching import Watching
from consumers.interface.support.database import ask
from consumers.interface.support.tasks import Tasks
from consumers.interface.transport.frame import Frame
from consumers.interface.transport.outlet import Outlet
from proj.layer.messages import (
    AccessChanged,
    ActivityUpdate,
    InterfaceMessage,
    RoomFlash,
    RoomFrames,
    RoomPresence,
    RunOutput,
    RunState,
    ServiceLine,
    SocketReplies,
)
from proj.layer.names import INTERFACES, interface_group, room_group
from proj.layer.publish import apublish
from proj.metrics.definitions import (
    COMMIT_TO_DELIVERY,
    PROCESS,
    RECEIVE_TO_DELIVERY,
    ROOMS,
    UNREADABLE,
)

logger = logging.getLogger(__name__)

TICK = 1.0  # seconds between two looks at presence
HEAD = 20.0  # seconds between two `head` frames
SUBSCRIBING = 1.0  # seconds that a socket waits for the layer before it goes on without


class Mailbox:
    """Joins sockets to rooms and delivers what arrives for them."""

    def __init__(self) -> None:
        self.process = uuid.uuid4().hex
        self.rooms: dict[int, OpenRoom] = {}
        self.outlets: dict[int, Outlet] = {}
        self._layer = get_channel_layer()
        self._channel = self._made = ""
        self._unsettled: set[OpenRoom] = set()  # in the group and nobody here, or the other way round
        self._settle = asyncio.Event()
        self._ticked = time.monotonic()
        self._gaps = Gaps(self.rooms)
        self.stay = Stay(self.outlets)
        self.elsewhere = People()
        self.tasks = Tasks()
        self._opening = asyncio.Lock()
        self.watching = Watching(self._layer, self._open_channel, self.tasks)
        lives = (self._receive, self._subscribe, self._tick, self._gaps.look, self.stay.look, self.watching.look)
        for life in lives:
            self.tasks.for_ever(life)

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
        self.elsewhere.went(outlet)
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

    async def listening(self) -> None:
        """Wait until this process hears what goes to all of them, or a moment: Redis may be away."""
        try:
            async with asyncio.timeout(SUBSCRIBING):
                await self._open_channel()
        except (RedisError, OSError, TimeoutError):
            logger.warning("somebody is here without the layer: Redis is away")

    def look_after(self, outlet: Outlet) -> None:
        """Close `outlet`, which has no room open, when its person may not stay. leave() is the end of it."""
        self.outlets[outlet.id] = outlet

    def attend(self, outlet: Outlet) -> None:
        """look_after(), and have it hear of all rooms of its person."""
        self.look_after(outlet)
        self.elsewhere.came(outlet)

    def people(self, room: OpenRoom) -> dict[str, object]:
        """Who is in the room, as the protocol's presence frame."""
        return presence.frame(room.presence.everyone(time.monotonic()))

    # the layer

    async def _subscribe(self) -> None:
        """Keep the groups in step with the rooms that are open here."""
        await self._settle.wait()
        while self._unsettled:
            await self._open_channel()
            room = next(iter(self._unsettled))
            if room.outlets and not room.subscribed.is_set():
                await self._layer.group_add(room_group(room.id), self._channel)
                late = room.head is not None
                room.subscribed.set()
                await apublish([self._whom_we_see(room, ask=True)])
                if late:  # it was open without the layer, so it may have missed something
                    self.tasks.spawn(self._gaps.fill(room))
            elif not room.outlets and room.subscribed.is_set():
                await self._layer.group_discard(room_group(room.id), self._channel)
                room.subscribed.clear()
                await apublish([self._whom_we_see(room)])
            if bool(room.outlets) == room.subscribed.is_set():
                self._unsettled.discard(room)
                if not room.outlets and self.rooms.get(room.id) is room:
                    del self.rooms[room.id]
                    ROOMS.labels(PROCESS).set(len(self.rooms))
        self._settle.clear()  # not before it is done: after a failure it goes on from here

    async def _open_channel(self) -> str:
        """This process's channel, in the groups that every process is in."""
        async with self._opening:
            # The same one after a try that failed half-way: it is in a group, and what arrives there must be read.
            self._made = self._made or await self._layer.new_channel()
            if not self._channel:
                for group in (interface_group(self.process), INTERFACES):
                    await self._layer.group_add(group, self._made)
                self._channel = self._made
        return self._channel

    async def _receive(self) -> None:
        if not self._channel:
            await asyncio.sleep(0.02)
            if self.outlets:
                await self._open_channel()
            return
        for message in _together(await self._layer.receive_all(self._channel, _unreadable)):
            try:
                self._arrived(message)
            except Exception:
                UNREADABLE.labels("mailbox").inc()
                logger.exception("cannot deliver a message of type %s", type(message).__name__)

    def _arrived(self, message: InterfaceMessage) -> None:
        match message:
            case RoomFrames() | RoomFlash() | RoomPresence():
                room = self.rooms.get(message.room)
                if room is not None:
                    self._arrived_in(room, message)
            case SocketReplies():
                for number, text in message.replies:
                    if outlet := self.outlets.get(number):
                        outlet.write(Frame(text))
            case ActivityUpdate():
                self.elsewhere.arrived(message)
            case AccessChanged():
                self.tasks.spawn(self.stay.changed(message.user))
            case RunOutput() | RunState() | ServiceLine():
                self.watching.arrived(message)

    def _arrived_in(self, room: OpenRoom, message: RoomFrames | RoomFlash | RoomPresence) -> None:
        """A message of the layer about a room that is open here."""
        match message:
            case RoomFrames():
                room.arrived(message.frames)
                if room.behind:
                    self.tasks.spawn(self._gaps.fill(room, PATIENCE))
                elif room.outlets and message.times:
                    # after what was written goes out
                    asyncio.get_running_loop().call_soon(_delivered, message.times)
            case RoomFlash():
                room.flash(Frame(message.frame))
            case RoomPresence() if message.process != self.process:
                room.presence.hears(message.process, message.here, time.monotonic())
                room.presence.due |= message.ask

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
        if int(now / HEAD) != int(then / HEAD):
            for outlet in self.outlets.values():
                if not outlet.room and not outlet.service:
                    outlet.tell(type="alive")
        if told:
            self.tasks.spawn(apublish(told))

    async def close(self) -> None:
        """Tell the other processes that nobody is here any more."""
        if self.rooms:
            await apublish([self._whom_we_see(room, gone=True) for room in self.rooms.values()])

    def _whom_we_see(self, room: OpenRoom, *, ask: bool = False, gone: bool = False) -> RoomPresence:
        here = [] if gone else sorted(room.presence.here)[: presence.CARRIED]
        return RoomPresence(room=room.id, process=self.process, here=here, ask=ask)


def _together(messages: list[InterfaceMessage]) -> list[InterfaceMessage]:
    """Messages that arrived at once, with the frames of each room in one: then each socket is written to once.

    What is true for a moment comes before them: whoever typed and then spoke does not type any more.
    """
    if len(messages) == 1:
        return messages
    rooms: dict[int, list[RoomFrames]] = {}
    flashes, rest = [], []
    for message in messages:
        match message:
            case RoomFlash():
                flashes.append(message)
            case RoomFrames():
                rooms.setdefault(message.room, []).append(message)
            case _:
                rest.append(message)
    return [*flashes, *(_joined(parts) for parts in rooms.values()), *rest]


def _joined(parts: list[RoomFrames]) -> RoomFrames:
    """One message for several of the same room."""
    if len(parts) == 1:
        return parts[0]
    return RoomFrames(
        room=parts[0].room,
        frames=[frame for part in parts for frame in part.frames],
        times=[at for part in parts for at in part.times],
    )


def _unreadable(data: bytes, error: Exception) -> None:
    UNREADABLE.labels("mailbox").inc()
    logger.error("cannot read a message of %d bytes: %r", len(data), error)


def _delivered(times: list[float]) -> None:
    """Events reached the sockets. `times`: of each batch, when it was received and when it was committed.

    Both are wall-clock seconds of other processes; 0 when nobody knows.
    """
    now = time.time()
    for received, committed in zip(times[::2], times[1::2], strict=True):
        COMMIT_TO_DELIVERY.observe(max(0.0, now - committed))
        if received:
            RECEIVE_TO_DELIVERY.observe(max(0.0, now - received))
