"""The composition root of an interface process: everything that its sockets share."""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

from channels.layers import get_channel_layer

from consumers.interface.chat.access import AccessChecks
from consumers.interface.chat.news import NewsSubscribers
from consumers.interface.chat.open_sessions import OpenSessions
from consumers.interface.chat.outbox import Outbox
from consumers.interface.chat.presence import Presences
from consumers.interface.feeds.feed import Feed, Follower
from consumers.interface.feeds.open_feeds import OpenFeeds
from consumers.interface.feeds.rooms import Arrival, Replay, RoomSource, event_piece, replays
from consumers.interface.feeds.runs import Viewing
from consumers.interface.feeds.services import Services, Subscriber
from consumers.interface.support.gathering import Gathering
from consumers.interface.support.subscriptions import Subscriptions
from consumers.interface.support.tasks import Tasks
from consumers.interface.transport.frame import Frame
from consumers.interface.transport.outlet import Outlet
from proj.layer.messages import (
    AccessChanged,
    ActivityUpdate,
    InterfaceMessage,
    PeopleFrame,
    PersonFrame,
    RoomFlash,
    RoomFrames,
    RoomPresence,
    RunOutput,
    RunState,
    ServiceLine,
    SocketReplies,
)
from proj.layer.names import INTERFACES_GROUP, interface_group, room_group
from proj.layer.publish import apublish
from proj.metrics.definitions import COMMIT_TO_DELIVERY, PROCESS, RECEIVE_TO_DELIVERY, ROOMS, UNREADABLE
from proj.rooms.log.commands import Command

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0  # between two checks of presence
HEAD_FRAME_SECONDS = 20.0  # between two `head` frames of a room, or two `alive` frames

Receiver = Callable[[Any], None]  # of one type of message


class Interface:
    """One for each event loop: in daphne, one for the process. Its methods are all that sockets see of the rest."""

    def __init__(self) -> None:
        self.process = uuid.uuid4().hex
        self.outlets: dict[int, Outlet] = {}
        self.tasks = Tasks()
        self.access = AccessChecks(self.outlets)
        own_groups = (interface_group(self.process), INTERFACES_GROUP)
        self.subscriptions = Subscriptions(get_channel_layer(), own_groups, self.access.poll_soon)
        self.rooms: OpenFeeds[int, Feed] = OpenFeeds(
            Feed, RoomSource(), self.subscriptions, self.tasks, self._room_changed
        )
        self.viewing = Viewing(self.subscriptions, self.tasks)
        self.services = Services(self.subscriptions)
        self.presences = Presences(self.process)
        self.news = NewsSubscribers()
        self.sessions = OpenSessions(self.outlets)
        self.outbox = Outbox(self.process)
        self.replays: Gathering[Arrival, Replay] = Gathering(replays)
        # Parts that not every installation has: their messages, and the end of their work.
        self.receivers: dict[type[InterfaceMessage], Receiver] = {}
        self.closers: list[Callable[[], Awaitable[None]]] = []
        self._ticked_at = time.monotonic()
        for job in (
            *(self._receive, self._tick, self.subscriptions.synchronize, self.sessions.note_periodically),
            *(self.rooms.poll, self.viewing.feeds.poll, self.services.poll),
            *(self.access.poll, self.access.check_periodically),
        ):
            self.tasks.repeat(job)

    async def close(self) -> None:
        """Hand over the commands that wait, and announce that nobody is here any more."""
        for close in self.closers:
            await close()
        await self.outbox.empty()
        if farewells := self.presences.farewells():
            await apublish(farewells)

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run `coroutine` in the background; its failure is logged."""
        self.tasks.spawn(coroutine)

    # every socket

    def register(self, outlet: Outlet) -> None:
        """Give `outlet` replies and checks of its access until unregister()."""
        self.outlets[outlet.id] = outlet

    def unregister(self, outlet: Outlet) -> None:
        """End register() and subscribe_to_news(); nothing happens when neither was called."""
        self.outlets.pop(outlet.id, None)
        self.news.unsubscribe(outlet)

    async def ready(self) -> None:
        """Wait until this process receives messages to all processes, or a moment: Redis may be away."""
        await self.subscriptions.ready()

    def subscribe_to_news(self, outlet: Outlet) -> None:
        """Send `outlet` the news of all rooms of its person."""
        self.news.subscribe(outlet)

    # rooms

    async def enter_room(self, room: int, follower: Follower) -> None:
        """Bring a follower into a room. It holds live events back until settle_in_room()."""
        outlet = follower.outlet
        outlet.room = room
        self.register(outlet)
        self.presences.enter(room, outlet.name)
        try:
            await self.rooms.follow(room, follower)
        finally:
            ROOMS.labels(PROCESS).set(len(self.rooms.open))

    def leave_room(self, follower: Follower) -> None:
        """Take a follower out of the room that it entered."""
        self.unregister(follower.outlet)
        if follower.feed is not None:
            self.presences.leave(follower.outlet.room, follower.outlet.name)
            self.rooms.leave(follower)
            ROOMS.labels(PROCESS).set(len(self.rooms.open))

    async def read_replay(self, room: int, epoch: str, seq: int | None) -> Replay:
        """Read the events that a page lacks which has everything up to `seq` of `epoch`. Raise StreamGone."""
        return await self.replays.ask(Arrival(room, epoch, seq))

    async def settle_in_room(self, follower: Follower, replay: Replay) -> None:
        """Write a replay, and make the follower live. Raise StreamGone."""
        if follower.feed is not None:
            await follower.feed.resume(follower, replay.head, replay.pieces, reset=replay.reset)

    def presence(self, room: int) -> Mapping[str, object]:
        """Return the fields of the protocol's presence frame for a room that is open here."""
        return self.presences.fields(room, time.monotonic())

    def send_command(self, outlet: Outlet, command: Command) -> None:
        """Hand a command to the chat worker; its answer reaches the outlet."""
        self.outbox.put(outlet, command)

    # runs

    async def view_run(self, run: str, follower: Follower, offset: int | None, *, switched: bool = False) -> None:
        """Show a run from `offset` on (None: its last part). Raise StreamGone."""
        await self.viewing.begin(run, follower, offset, switched=switched)

    async def view_end(self, follower: Follower) -> None:
        """Wait until the follower was sent the end of a run that is over, or a moment."""
        await self.viewing.wait_for_end(follower)

    def leave_run(self, follower: Follower) -> None:
        """Take a follower out of its run, if it has one."""
        self.viewing.feeds.leave(follower)

    async def subscribe_to_service(self, uid: str, subscriber: Subscriber) -> None:
        """Call `subscriber` with each state of the service's runs, and with each line."""
        await self.services.subscribe(uid, subscriber)

    def unsubscribe_from_service(self, uid: str, subscriber: Subscriber) -> None:
        """Call `subscriber` no more; nothing happens when it did not subscribe."""
        self.services.unsubscribe(uid, subscriber)

    # messages of the layer

    async def _receive(self) -> None:
        for message in joined(await self.subscriptions.receive()):
            try:
                self.deliver(message)
            except Exception:
                UNREADABLE.labels("mailbox").inc()
                logger.exception("cannot deliver a message of type %s", type(message).__name__)

    def deliver(self, message: InterfaceMessage) -> None:
        """Bring one message of the layer to the sockets that it is for."""
        match message:
            case RoomFrames():
                self._room_frames(message)
            case RoomFlash():
                self._broadcast(message.room, Frame(message.frame))
            case RoomPresence():
                self.presences.receive(message, time.monotonic())
            case SocketReplies():
                self._reply(message.replies)
            case ActivityUpdate():
                self.news.deliver(message)
            case AccessChanged():
                self.tasks.spawn(self.access.changed(message.user))
            case PersonFrame() | PeopleFrame():
                self.news.pass_on(message)
            case RunOutput():
                self.viewing.deliver(message)
            case RunState():
                self.viewing.deliver(message)
                self.services.deliver(message.state["service"], message)
            case ServiceLine():
                self.services.deliver(message.service, message)
            case _:
                if receive := self.receivers.get(type(message)):
                    receive(message)

    def _reply(self, replies: Iterable[tuple[int, str]]) -> None:
        for number, text in replies:
            if outlet := self.outlets.get(number):
                outlet.write(Frame(text))

    def _broadcast(self, room: int, frame: Frame) -> None:
        if feed := self.rooms.open.get(room):
            feed.broadcast(frame)

    def _room_frames(self, message: RoomFrames) -> None:
        room = self.rooms.open.get(message.room)
        if room is None:
            return
        room.arrived([event_piece(seq, text) for seq, text in message.frames])
        if room.behind:
            room.fill()
        elif message.times and room.followers:
            asyncio.get_running_loop().call_soon(_observe_delivery, message.times)  # after the frames were sent

    def _room_changed(self, room: int, joined: bool) -> None:
        self.tasks.spawn(self._announce(room, joined=joined))

    async def _announce(self, room: int, *, joined: bool) -> None:
        await apublish([self.presences.announcement(room, ask=joined)])
        if not joined:
            self.presences.forget(room)

    # now and then

    async def _tick(self) -> None:
        await asyncio.sleep(TICK_SECONDS)
        before, now = self._ticked_at, time.monotonic()
        self._ticked_at = now
        for room, frame in self.presences.changes(now):
            self._broadcast(room, frame)
        for room, feed in self.rooms.open.items():
            if feed.head is not None and _passes(before, now, room / 7):  # rooms take turns
                feed.broadcast(Frame.of({"type": "head", "seq": feed.head}))
        if _passes(before, now):
            for outlet in self.outlets.values():
                if not outlet.room and not outlet.service:
                    outlet.send(type="alive")
        if due := self.presences.due_announcements(now, lambda room: room_group(room) in self.subscriptions):
            self.tasks.spawn(apublish(due))


def _passes(before: float, now: float, phase: float = 0.0) -> bool:
    """Return whether a multiple of HEAD_FRAME_SECONDS, moved by `phase` of them, lies between two moments."""
    return int(now / HEAD_FRAME_SECONDS + phase) != int(before / HEAD_FRAME_SECONDS + phase)


def joined(messages: Sequence[InterfaceMessage]) -> Iterable[InterfaceMessage]:
    """Return messages that arrived at once with the frames of each room in one: each socket is then written to once.

    Transient frames go first, so that a "typing" notice never follows the message it announced.
    """
    if len(messages) == 1:
        return messages
    rooms: dict[int, list[RoomFrames]] = {}
    transient: list[InterfaceMessage] = []
    others: list[InterfaceMessage] = []
    for message in messages:
        match message:
            case RoomFlash():
                transient.append(message)
            case RoomFrames():
                rooms.setdefault(message.room, []).append(message)
            case _:
                others.append(message)
    return [*transient, *(_joined_frames(parts) for parts in rooms.values()), *others]


def _joined_frames(parts: list[RoomFrames]) -> RoomFrames:
    if len(parts) == 1:
        return parts[0]
    return RoomFrames(
        room=parts[0].room,
        frames=[frame for part in parts for frame in part.frames],
        times=[at for part in parts for at in part.times],
    )


def _observe_delivery(times: Sequence[float]) -> None:
    """Measure events that were written to the sockets. `times`: of each batch, when it was received and committed.

    Both are wall-clock seconds of other processes; the first is 0 when it is unknown.
    """
    now = time.time()
    for received, committed in zip(times[::2], times[1::2], strict=True):
        COMMIT_TO_DELIVERY.observe(max(0.0, now - committed))
        if received:
            RECEIVE_TO_DELIVERY.observe(max(0.0, now - received))


_interfaces: dict[asyncio.AbstractEventLoop, Interface] = {}


def interface() -> Interface:
    """Return the interface of the running event loop. The first socket makes it."""
    loop = asyncio.get_running_loop()
    if loop not in _interfaces:
        _interfaces[loop] = Interface()
    return _interfaces[loop]


async def close_interface() -> None:
    """Close the interface of the running event loop, if a socket ever made it."""
    made = _interfaces.get(asyncio.get_running_loop())
    if made is not None:
        await made.close()
