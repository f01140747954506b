"""`/ws/chat/<room>/`: one socket shows one room. docs/protocol.md is the specification."""

import logging
import math
import time
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.db import Error as DatabaseError

from consumers.interface.feeds.reading import Arrival, Missed
from consumers.interface.feeds.room import OpenRoom
from consumers.interface.process import Interface, interface
from consumers.interface.transport.line import line_to
from consumers.interface.transport.outlet import Outlet
from consumers.sockets.base import SocketConsumer
from consumers.sockets.door import Admission, Knock, Refused, come_in, from_allowed_origin, session_key
from consumers.sockets.incoming import LARGEST_SEQ, BadFrame, Frame, read
from consumers.sockets.limits import TokenBucket
from proj.layer.messages import RoomFlash
from proj.layer.publish import apublish
from proj.metrics.definitions import REFUSALS
from proj.monotonic import NEVER
from proj.rooms.log.commands import Command
from proj.rooms.log.frames import encoded
from proj.rooms.models import Room

logger = logging.getLogger(__name__)

PROTOCOL = "signalbox.v1"
TYPING = 2.0  # seconds between two typing frames that are passed on
# Frames sent before the wait that was asked for is over, until the socket is closed; one a second is forgiven.
PATIENCE = 20
RESUMES = 4  # at once; each may read a thousand events, so there is one more only every two seconds


class ChatSocket(SocketConsumer):
    """What a browser may do in a room: post, edit, delete, say what it has seen, catch up, show that it types."""

    outlet: Outlet
    room: OpenRoom | None = None
    admission: Admission
    interface: Interface
    entering = False
    accepted = False
    closing = False

    # coming

    async def connected(self) -> None:
        if not from_allowed_origin(self.scope):
            await self.base_send({"type": "websocket.close"})
            return
        self.plain = PROTOCOL not in self.scope["subprotocols"]
        self.outlet = Outlet(line_to(self.scope, self.base_send), 0, "", plain=self.plain)
        self.rate = TokenBucket(settings.POST_RATE, max(1.0, settings.POST_RATE * settings.POST_BURST))
        self.patience = TokenBucket(1.0, PATIENCE)
        self.not_before = NEVER  # monotonic seconds: the wait that the client was asked for
        self.nonsense = TokenBucket(1 / 30 if settings.BAD_FRAMES else 0, settings.BAD_FRAMES)
        self.resumes = TokenBucket(0.5, RESUMES)
        self.typed = NEVER
        try:
            await self._enter()
        except Refused as error:
            await self._accept()
            self._error(error.code, str(error))
            self._close(error.close)
        except DatabaseError as error:
            logger.warning("nobody can come in: %r", error)
            await self._accept()
            self._close(1013)

    async def _accept(self) -> None:
        if not self.accepted:
            self.accepted = True
            await self.base_send({"type": "websocket.accept", "subprotocol": None if self.plain else PROTOCOL})

    async def _enter(self) -> None:
        """Subscribe first, then read: what happens in between is held back, and follows."""
        key = session_key(self.scope)
        name = self.scope["url_route"]["kwargs"]["room"]
        self.admission = await come_in(Knock(key, name, make_room=self.plain))
        user, room = self.admission.user, self.admission.room
        self.outlet.user_id, self.outlet.name, self.outlet.session = user.pk, user.username, key
        self.interface = interface()
        await self._accept()  # from here on others may close it
        self.entering = True
        self.room = await self.interface.mailbox.join(room.pk, self.outlet)
        missed = await self._missed(*self._held())
        self._welcome(missed)
        if b"news=1" in self.scope["query_string"].split(b"&"):
            self.interface.mailbox.elsewhere.came(self.outlet)
        await self._catch_up(missed)

    def _held(self) -> tuple[str, int | None]:
        """What the page holds already, as its address says: the epoch, and the newest event.

        A plain client begins where the room was at the door: once its socket is open it hears everything.
        """
        if self.plain:
            return self.admission.room.epoch, self.admission.room.seq
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        epoch, seq = query.get("epoch", [""])[0], query.get("seq", [""])[0]
        good = seq.isascii() and seq.isdigit() and len(seq) < len(str(LARGEST_SEQ))
        return epoch, int(seq) if good else None

    def _welcome(self, missed: Missed) -> None:
        if self.plain or self.room is None:
            return
        here = self.interface.mailbox.people(self.room)
        self.outlet.tell(
            type="welcome",
            protocol=PROTOCOL,
            room=self.admission.room.name,
            epoch=missed.page.epoch,
            seq=missed.page.head,
            you=self.outlet.name,
            here=here["here"],
            count=here["count"],
            seen=missed.seen,
            limits={
                "characters": settings.MESSAGE_CHARACTERS,
                "bytes": settings.FRAME_BYTES,
                "rate": settings.POST_RATE,
            },
        )

    # catching up

    async def _missed(self, epoch: str, seq: int | None) -> Missed:
        try:
            return await self.interface.arrivals.ask(Arrival(self.admission.room.pk, epoch, seq))
        except Room.DoesNotExist:
            raise _gone() from None

    async def _catch_up(self, missed: Missed) -> None:
        assert self.room is not None  # noqa: S101 - for the type checker
        if missed.reset:
            self.outlet.tell(type="reset", epoch=missed.page.epoch, seq=missed.page.head)
        self.outlet.replay(text for _, text in missed.page.events)
        try:
            await self.interface.mailbox.settled(self.room, self.outlet, missed.page)
        except Room.DoesNotExist:
            raise _gone() from None

    async def _resume(self, frame: Frame) -> None:
        wait = self.resumes.take()
        if wait:
            self._error("too_fast", "That was too fast: catch up a little later.", retry_after=wait)
            return
        self.outlet.hold()
        try:
            await self._catch_up(await self._missed(frame.epoch, frame.seq))
        except Refused as error:
            self._error(error.code, str(error))
            self._close(error.close)
        except DatabaseError as error:
            logger.warning("a socket cannot catch up: %r", error)
            self._close(1013)

    # hearing

    async def heard(self, message: dict[str, Any]) -> None:
        if self.room is None or self.closing:
            return  # on its way out
        try:
            frame = read(message, plain=self.plain)
        except BadFrame as error:
            self._error(error.code, str(error), client_id=error.client_id)
            if self.nonsense.take():
                self._close(4400)
            return
        wait = self.rate.take()
        if wait:
            self._too_fast(frame, wait)
        elif frame.kind == "resume":
            await self._resume(frame)
        elif frame.kind == "typing":
            await self._typing(self.room)
        else:
            command = Command(frame.kind, self.room.id, self.admission.user.pk, frame.client_id, frame.text, frame.seq)
            self.interface.outbox.put(self.outlet, command)

    def _too_fast(self, frame: Frame, wait: float) -> None:
        detail = f"That was too fast: at most {settings.POST_RATE:g} messages a second."
        self._error("too_fast", detail, client_id=frame.client_id or None, retry_after=wait)
        early = time.monotonic() < self.not_before
        self.not_before = time.monotonic() + wait
        if early and self.patience.take():
            self._close(4429)

    async def _typing(self, room: OpenRoom) -> None:
        if time.monotonic() - self.typed > TYPING:
            self.typed = time.monotonic()
            frame = encoded({"type": "typing", "who": self.outlet.name})
            await apublish([RoomFlash(room=room.id, frame=frame)])

    def _error(self, code: str, detail: str, *, client_id: str | None = None, retry_after: float | None = None) -> None:
        REFUSALS.labels(code).inc()
        more: dict[str, Any] = {}
        if client_id:
            more["client_id"] = client_id
        if retry_after is not None:
            more["retry_after"] = math.ceil(retry_after * 100) / 100
        self.outlet.tell(type="error", code=code, detail=detail, **more)

    # going

    def _close(self, code: int) -> None:
        self.closing = True
        self.outlet.line.close(code)

    async def gone(self) -> None:
        if self.entering:
            self.interface.mailbox.leave(self.outlet)


def _gone() -> Refused:
    return Refused(4404, "no_such_room", "There is no such room.")
