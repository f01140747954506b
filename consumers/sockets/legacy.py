"""The sockets of Channels 1.x code, below SIGNALBOX_CHANNEL_PATHS: whether they open is up to their consumers."""

import logging
from collections.abc import Sequence

from django.conf import settings
from django.db import Error as DatabaseError

from consumers.interface.process import Interface, interface
from consumers.interface.support.gathering import Gathering
from consumers.interface.transport.asgi import Message
from consumers.interface.transport.line import line_to
from consumers.interface.turns.socket import CONNECT, RECEIVE, TurnOutlet, TurnSocket
from consumers.interface.turns.turns import Turns
from consumers.sockets.base import CLOSE_TRY_AGAIN_LATER, SocketConsumer
from consumers.sockets.door import CLOSE_TOO_FAST, from_origin_among, session_key
from consumers.sockets.limits import TokenBucket
from proj.accounts.models import User
from proj.accounts.sessions import people_of
from proj.layer.messages import TurnAnswers, TurnClaims, TurnQuestion
from proj.layer.names import TURNS_GROUP
from proj.metrics.definitions import HANDSHAKES, TURNS

logger = logging.getLogger(__name__)

CLOSE_ABNORMAL = 1006
CLOSE_NO_CODE = 1005
RATE_BURST_SECONDS = 5.0  # of SIGNALBOX_CHANNEL_RATE that may arrive at once

_turns: dict[Interface, Turns] = {}


async def turns_of(own: Interface) -> Turns:
    """Return the turns of an interface. The first socket of Channels 1.x code makes them."""
    if own not in _turns:
        made = _turns[own] = Turns(own.process, own.tasks)
        own.receivers[TurnAnswers] = made.deliver_answers
        own.receivers[TurnClaims] = made.deliver_claims
        own.receivers[TurnQuestion] = made.deliver_question
        own.closers.append(made.close)
        own.subscriptions.call_when_renewed(made.renewed)
        await own.subscriptions.join(TURNS_GROUP)
    return _turns[own]


def recognize(session_keys: Sequence[str]) -> list[User | Exception | None]:
    """Answer each session key with its person, or None."""
    people = people_of(set(session_keys))
    return [people.get(key) for key in session_keys]


_door: Gathering[str, User | None] = Gathering(recognize)


def _refusal(socket: TurnSocket) -> str:
    """Return the reason of a refused handshake, for the metric."""
    if socket.unread:
        return "gone"
    return "failed" if socket.connect_failed else "denied"


class LegacySocket(SocketConsumer):
    """A browser, and code that was written for Channels 1.x. A person may stand behind it, or nobody."""

    socket: TurnSocket | None = None
    rate: TokenBucket | None = None

    async def connected(self) -> None:
        if not from_origin_among(settings.CHANNEL_ORIGINS, self.scope):
            HANDSHAKES.labels("origin").inc()
            await self.base_send({"type": "websocket.close"})
            return
        key = session_key(self.scope)
        try:
            user = await _door.ask(key) if key else None
        except DatabaseError as error:
            logger.warning("cannot admit sockets: database error: %r", error)
            HANDSHAKES.labels("database").inc()
            await self.base_send({"type": "websocket.accept"})
            await self.base_send({"type": "websocket.close", "code": CLOSE_TRY_AGAIN_LATER})
            return
        self.interface = interface()
        self.turns = await turns_of(self.interface)
        outlet = TurnOutlet(
            line_to(self.scope, self.base_send),
            *(user.pk if user else 0, user.username if user else ""),
            plain=True,
            session=key if user else "",
        )
        self.socket = self.turns.open(outlet, self.scope["path"])
        await self._shake_hands(self.socket)
        if self.socket.open:
            self.interface.register(outlet)
            if settings.CHANNEL_RATE:
                self.rate = TokenBucket(settings.CHANNEL_RATE, max(1.0, settings.CHANNEL_RATE * RATE_BURST_SECONDS))

    async def _shake_hands(self, socket: TurnSocket) -> None:
        """Hand over the connect, and do as its code says."""
        scope = self.scope
        handle = scope.get("extensions", {}).get("signalbox")
        if handle is not None:
            handle.call_when_gone(socket.browser_gone)
        self.turns.put(
            socket,
            CONNECT,
            {
                "headers": scope["headers"],
                "query_string": scope["query_string"],
                "client": scope.get("client"),
                "server": scope.get("server"),
            },
        )
        accepted, result = False, "undecided"
        try:
            accepted = await socket.decided(settings.CHANNEL_WAIT_SECONDS)
            result = "accepted" if accepted else _refusal(socket)
        except TimeoutError:
            self._report_undecided(socket)
        HANDSHAKES.labels(result).inc()
        if not accepted:
            await self.base_send({"type": "websocket.close"})
            await self.turns.refuse(socket, CLOSE_ABNORMAL)
            return
        offered = scope["subprotocols"]
        await self.base_send({"type": "websocket.accept", "subprotocol": offered[0] if offered else None})
        socket.opened()

    def _report_undecided(self, socket: TurnSocket) -> None:
        TURNS.labels("undecided").inc()
        seconds = settings.CHANNEL_WAIT_SECONDS
        if socket.in_hand is not None:
            reason = "is still running" if socket.in_hand.claimed else "was taken by no worker"
            logger.error("%s: refused with 403: the connect %s after %g s", socket.path, reason, seconds)
        else:
            consumer = socket.connected_by or "the consumer of websocket.connect"
            logger.error(
                '%s: refused with 403: %s sent no {"accept": True} within %g s; it may use message.reply_channel.send,'
                " and SIGNALBOX_CHANNEL_ACCEPT=yes accepts for code from before Channels 1.0",
                *(socket.path, consumer, seconds),
            )

    async def received(self, message: Message) -> None:
        socket = self.socket
        if socket is None or socket.close_code:
            return
        if self.rate is not None and self.rate.take():
            socket.close(CLOSE_TOO_FAST)
            return
        text = message.get("text")
        fields = {"bytes": message["bytes"]} if text is None else {"text": text}
        self.turns.put(socket, RECEIVE, fields)
        await socket.space()

    async def dispatch(self, message: Message) -> None:
        if message["type"] == "websocket.disconnect" and self.socket is not None:
            self.turns.leave(self.socket, message.get("code") or CLOSE_NO_CODE)
        await super().dispatch(message)

    async def disconnected(self) -> None:
        if self.socket is not None:
            self.interface.unregister(self.socket.outlet)
            self.turns.leave(self.socket, CLOSE_ABNORMAL)  # in case the server ended the handler first
