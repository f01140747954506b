"""The sockets of Channels 1.x code in this process: one turn of each at a time is with the workers.

See docs/decisions/0076-a-socket-does-one-thing-at-a-time.md.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

import msgspec
from channels.layers import get_channel_layer
from django.conf import settings

from consumers.interface.support.tasks import Tasks
from consumers.interface.turns.groups import Groups
from consumers.interface.turns.handing import REDIS_ERRORS, Handing
from consumers.interface.turns.late import NO_CONSUMER, LateReplies
from consumers.interface.turns.lost import LostTurns
from consumers.interface.turns.registering import Registering
from consumers.interface.turns.sessions import replaced_session, shown_session
from consumers.interface.turns.socket import CONNECT, DISCONNECT, InHand, Item, Reply, TurnOutlet, TurnSocket
from proj.layer import turns as layer_turns
from proj.layer.messages import ChannelAct, Turn, TurnAnswer, TurnAnswers, TurnClaims, TurnQuestion
from proj.layer.names import socket_of
from proj.layer.redis.socket_registry import SocketRegistry
from proj.layer.redis.turn_queue import TurnQueue
from proj.metrics.definitions import TURNS, UNREADABLE

logger = logging.getLogger(__name__)

MAX_LATER_TRIES = 10  # of a message that its consumer puts off with ConsumeLater
LATER_SECONDS = 0.2  # until it is tried again
CLOSE_SECONDS = 8.0  # that a stopping process waits for the last turns of its sockets
CLOSE_TOO_LARGE = 1009

_pack = msgspec.msgpack.Encoder().encode
_read_reply = msgspec.msgpack.Decoder(Reply).decode


class Turns:
    """Takes the messages of browsers, hands out turns, and carries out what the code answers."""

    def __init__(self, process: str, tasks: Tasks) -> None:
        self.process = process
        self.sockets: dict[int, TurnSocket] = {}
        self.in_hand: dict[int, TurnSocket] = {}  # those with a turn at the workers
        self.groups = Groups()
        self._tasks = tasks
        self._ended: asyncio.Event | None = None  # of a process that stops: its last socket has ended
        self._layer: Any = get_channel_layer("work")
        self.queue = TurnQueue(self._layer)
        self._registering = Registering(SocketRegistry(self._layer), process, self.sockets)
        self._handing = Handing(self.queue, self._registering)
        self._lost = LostTurns(self)
        self._late = LateReplies()
        tasks.repeat(self._lost.watch)
        tasks.repeat(self._registering.keep)

    # sockets

    def open(self, outlet: TurnOutlet, path: str) -> TurnSocket:
        """Return a new socket. Its code decides about the handshake."""
        socket = self.sockets[outlet.id] = TurnSocket(outlet, self.process, path)
        return socket

    def put(self, socket: TurnSocket, channel: str, fields: Mapping[str, object]) -> None:
        """Queue a message of the browser behind those that wait."""
        content = {"reply_channel": socket.name, "path": socket.path, "order": socket.order, **fields}
        socket.order += 1
        self._put(socket, Item(channel, _pack(content)))

    def leave(self, socket: TurnSocket, code: int) -> None:
        """End the socket of a browser that is gone: its code gets the disconnect after the messages that wait."""
        if not socket.gone:
            socket.leave()
            self.groups.leave_all(socket)
            self.put(socket, DISCONNECT, {"code": code})

    async def refuse(self, socket: TurnSocket, code: int) -> None:
        """End a socket that did not open. Code that never got its connect does not learn of it at all."""
        in_hand = socket.in_hand
        if in_hand is not None and in_hand.channel == CONNECT and not in_hand.claimed:
            try:
                (removed,) = await self.queue.remove([(CONNECT, in_hand.data)])
            except REDIS_ERRORS:
                removed = False
            if removed and socket.in_hand is in_hand:
                socket.leave()
                self._forget(socket)
                return
        self.leave(socket, code)

    def _put(self, socket: TurnSocket, item: Item) -> None:
        socket.waiting.append(item)
        if socket.in_hand is None:
            self.start(socket)

    def start(self, socket: TurnSocket) -> None:
        """Hand over the next turn of a socket with messages that wait."""
        items = socket.next_items()
        socket.make_space()
        socket.turn += 1
        turn = Turn(
            channel=items[0].channel,
            contents=[msgspec.Raw(item.content) for item in items],
            process=self.process,
            socket=socket.outlet.id,
            turn=socket.turn,
            session=socket.session,
        )
        try:
            data = self._layer.serialize(turn)
        except ValueError:
            logger.warning("%s: closed with 1009: too large a message on %s", socket.path, turn.channel)
            socket.close(CLOSE_TOO_LARGE)
            self.go_on(socket)
            return
        socket.in_hand = InHand(items, data, time.monotonic(), socket.tries)
        self.in_hand[socket.outlet.id] = socket
        self._handing.put(socket)

    def go_on(self, socket: TurnSocket) -> None:
        """End the turn in hand, and begin the next one."""
        socket.in_hand = None
        self.in_hand.pop(socket.outlet.id, None)
        if socket.waiting:
            self.start(socket)
        elif socket.gone:  # its disconnect was the last message
            self._forget(socket)

    def _forget(self, socket: TurnSocket) -> None:
        self.sockets.pop(socket.outlet.id, None)
        self._registering.ended(socket)
        self.in_hand.pop(socket.outlet.id, None)
        if self._ended is not None and not self.sockets:
            self._ended.set()

    # messages of the layer

    def deliver_answers(self, message: TurnAnswers) -> None:
        """Carry out what code of Channels 1.x did, in its order."""
        for answer in message.answers:
            own = self.sockets.get(answer.socket) if answer.process == self.process else None
            in_hand = own.in_hand if own is not None else None
            if answer.process == self.process:
                if own is None or in_hand is None or own.turn != answer.turn or answer.part <= in_hand.part:
                    continue  # a repeat, or the answer to a turn that was given up
                in_hand.part = answer.part
            for act in answer.acts:
                self._carry_out(act, answer.consumer)
            if own is not None and in_hand is not None:
                self._answered(own, in_hand, answer)

    def deliver_claims(self, message: TurnClaims) -> None:
        """Note the turns that a worker has in hand."""
        now = time.monotonic()
        for number, turn in message.turns:
            socket = self.sockets.get(number)
            if socket is not None and socket.in_hand is not None and socket.turn == turn:
                socket.in_hand.evidence_at = now
                socket.in_hand.claimed, socket.in_hand.unsure = True, False

    def deliver_question(self, message: TurnQuestion) -> None:
        """Answer another process about the sockets here. An unknown question has an empty answer."""
        found: list[str] = []
        if message.verb == "members":
            found = [socket.name for socket in self.groups.members(message.name)]
        elif message.verb == "session" and (socket := self._own_socket(message.name)) is not None:
            found = [shown_session(socket.session)]
        self._tasks.spawn(layer_turns.answer(message.answers, found))

    def _own_socket(self, name: str) -> TurnSocket | None:
        """Return the socket with this name; None when it is gone, or of another process, or no socket's name."""
        try:
            process, number = socket_of(name)
        except ValueError:
            return None
        return self.sockets.get(number) if process == self.process else None

    def renewed(self) -> None:
        """Give each turn its time again: messages arrive after they could not, and claims may have been lost."""
        self._lost.forgive()

    def _carry_out(self, act: ChannelAct, consumer: str) -> None:
        try:
            if act.verb == "group":
                self.groups.send(act.to, _read_reply(act.content))
                return
            process, number = socket_of(act.to)
            if process != self.process:
                return
            socket = self.sockets.get(number)
            if socket is None or (socket.gone and act.verb == "reply"):
                if act.verb in ("queue", "once"):
                    self._tasks.spawn(self._put_without_socket(act))
                elif act.verb == "reply":
                    self._late.count(act.to, consumer)
            else:
                self._act_on(socket, act)
        except ValueError as error:
            UNREADABLE.labels("turns").inc()
            logger.warning("%s: cannot carry out %s to %s: %s", consumer or NO_CONSUMER, act.verb, act.to, error)

    def _act_on(self, socket: TurnSocket, act: ChannelAct) -> None:
        """Carry out an act on a socket of this process. Raise ValueError for an unreadable content."""
        if act.verb == "reply":
            socket.carry_out(_read_reply(act.content))
        elif act.verb == "add":
            self.groups.add(act.name, socket)
        elif act.verb == "discard":
            self.groups.discard(act.name, socket)
        elif act.verb in ("queue", "once"):
            item = Item(act.name, bytes(act.content))
            if act.verb == "queue" or item not in socket.waiting:
                self._put(socket, item)
        elif act.verb == "session":
            socket.session = replaced_session(socket.session, msgspec.msgpack.decode(act.content, type=str))

    async def _put_without_socket(self, act: ChannelAct) -> None:
        """Hand over a message for the code's own channel after the end of its socket."""
        turn = Turn(channel=act.name, contents=[act.content])
        await self.queue.put([(act.name, self._layer.serialize(turn))])

    def _answered(self, socket: TurnSocket, in_hand: InHand, answer: TurnAnswer) -> None:
        in_hand.consumer = answer.consumer or in_hand.consumer
        if answer.session is not None:
            socket.session = answer.session
        if not answer.done:
            in_hand.evidence_at = time.monotonic()
            return
        TURNS.labels("done").inc()
        if 0 <= answer.later < len(in_hand.items):
            self._put_off(socket, in_hand, answer.later)
            return
        socket.tries = 0
        if in_hand.channel == CONNECT:
            self._connected(socket, in_hand.consumer, failed=answer.failed)
        self.go_on(socket)

    def _connected(self, socket: TurnSocket, consumer: str, *, failed: bool) -> None:
        """Decide about the handshake after the connect, where its consumer has not: it may still do so later."""
        socket.connected_by = consumer
        if settings.CHANNEL_ACCEPT:
            socket.decide(accept=True)
        elif failed and socket.decide(accept=False):
            socket.connect_failed = True
            logger.error(
                "%s: refused with 403: %s raised in the connect; the log of its worker has the error",
                *(socket.path, consumer or "the consumer"),
            )

    def _put_off(self, socket: TurnSocket, in_hand: InHand, index: int) -> None:
        """Try a message again in a moment; those behind it wait."""
        items = in_hand.items[index:]
        socket.tries = in_hand.tries + 1 if index == 0 else 1
        if socket.tries > MAX_LATER_TRIES:
            logger.warning("%s: gave up a message on %s after %d tries", socket.path, in_hand.channel, socket.tries)
            items, socket.tries = items[1:], 0
        socket.waiting[:0] = items
        if socket.tries:
            asyncio.get_running_loop().call_later(LATER_SECONDS, self.go_on, socket)
        else:
            self.go_on(socket)

    # the end

    async def close(self) -> None:
        """Wait until the sockets' disconnects were handled, or CLOSE_SECONDS."""
        self._ended = asyncio.Event()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                if self.sockets:
                    await self._ended.wait()
                await self._registering.flush()
        except TimeoutError:
            logger.warning("stopped before %d sockets had their disconnects: the clock sends them", len(self.sockets))
        except REDIS_ERRORS as error:
            logger.warning("stopped with sockets in the registry: Redis is away: %r", error)
