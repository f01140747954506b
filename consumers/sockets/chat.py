"""`/ws/chat/<room>/`: one socket shows one room. docs/protocol.md is the specification."""

import logging
import math
import time
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.db import Error as DatabaseError

from consumers.interface import reading
from consumers.interface.database import ask
from consumers.interface.outlet import Outlet
from consumers.interface.process import Interface, interface
from consumers.interface.room import OpenRoom
from consumers.sockets.base import SocketConsumer
from consumers.sockets.door import Admission, Refused, admit, from_allowed_origin, session_key
from consumers.sockets.incoming import LARGEST_SEQ, BadFrame, Frame, read
from consumers.sockets.limits import TokenBucket
from proj.layer.names import room_group
from proj.layer.publish import apublish
from proj.rooms.commands import Command, Verb
from proj.rooms.frames import encoded

logger = logging.getLogger(__name__)

PROTOCOL = "signalbox.v1"
TYPING = 2.0  # seconds between two typing frames that are passed on
# Frames sent before the wait that was asked for is over, until the socket is closed; one a second is forgiven.
PATIENCE = 20


class ChatSocket(SocketConsumer):
    """What a browser may do in a room: post, edit, delete, say what it has seen, catch up, show that it types."""

    outlet: Outlet | None = None
    room: OpenRoom
    admission: Admission
    interface: Interface

    # coming

    async def connected(self) -> None:
        if not from_allowed_origin(self.scope):
            await self.close(4403)
            return
        plain = PROTOCOL not in self.scope["subprotocols"]
        await self.base_send({"type": "websocket.accept", "subprotocol": None if plain else PROTOCOL})
        self.rate = TokenBucket(settings.POST_RATE, settings.POST_RATE * settings.POST_BURST)
        self.patience = TokenBucket(1.0, PATIENCE)
        self.not_before = 0.0  # monotonic seconds: the wait that the client was asked for
        self.nonsense = TokenBucket(1 / 30 if settings.BAD_FRAMES else 0, settings.BAD_FRAMES)
        self.typed = 0.0
        name = self.scope["url_route"]["kwargs"]["room"]
        try:
            self.admission = await ask(partial(admit, session_key(self.scope), name, make_room=plain))
            await self._enter(plain)
        except Refused as error:
            frame = {"type": "error", "code": error.code, "detail": str(error)}
            await Outlet(self.base_send, 0, "", plain=plain).write(encoded(frame))
            await self.close(error.close)
        except DatabaseError as error:
            logger.warning("nobody can come in: %r", error)
            await self.close(1013)

    async def _enter(self, plain: bool) -> None:
        """Subscribe first, then read: what happens in between is held back, and follows."""
        user, room = self.admission.user, self.admission.room
        self.interface = interface()
        self.outlet = Outlet(self.base_send, user.pk, user.username, plain=plain)
        self.room = await self.interface.mailbox.join(room.pk, self.outlet)
        query = {} if plain else parse_qs(self.scope["query_string"].decode("latin-1"))
        epoch, seq = query.get("epoch", [""])[0], query.get("seq", [""])[0]
        resumes = seq.isascii() and seq.isdigit() and len(seq) < len(str(LARGEST_SEQ))
        missed = await self._read(epoch, int(seq) if resumes else None, seen=not plain)
        if not plain:
            await self.outlet.write(encoded(self._welcome(missed.page)))
        await self._catch_up(missed)

    def _welcome(self, page: reading.Page) -> dict[str, Any]:
        here = self.interface.mailbox.people(self.room)
        return {
            "type": "welcome",
            "protocol": PROTOCOL,
            "room": self.admission.room.name,
            "epoch": page.epoch,
            "seq": page.head,
            "you": self.admission.user.username,
            "here": here["here"],
            "count": here["count"],
            "seen": page.seen,
            "limits": {
                "characters": settings.MESSAGE_CHARACTERS,
                "bytes": settings.FRAME_BYTES,
                "rate": settings.POST_RATE,
            },
        }

    # catching up

    async def _read(self, epoch: str, seq: int | None, *, seen: bool = False) -> "Missed":
        """What a client that holds all up to `seq` of `epoch` is missing; None holds nothing, and asks nothing."""
        page = await ask(partial(reading.after, self.room.id, seq, settings.REPLAY_EVENTS, seen=seen))
        whole = seq is None or (epoch == page.epoch and seq <= page.head <= seq + settings.REPLAY_EVENTS)
        return Missed(page, reset=not whole)

    async def _catch_up(self, missed: "Missed") -> None:
        assert self.outlet is not None  # noqa: S101 - for the type checker
        page = missed.page
        if missed.reset:
            await self.outlet.write(encoded({"type": "reset", "epoch": page.epoch, "seq": page.head}))
        else:
            for _, frame in page.events:
                await self.outlet.write(frame)
        await self.interface.mailbox.settled(self.room, self.outlet, page)

    # hearing

    async def heard(self, message: dict[str, Any]) -> None:
        if self.outlet is None:
            return  # refused, and on its way out
        try:
            frame = read(message)
        except BadFrame as error:
            await self._error(error.code, str(error), error.client_id)
            if self.nonsense.take():
                await self.close(4400)
            return
        wait = self.rate.take()
        if wait:
            detail = f"That was too fast: at most {settings.POST_RATE:g} messages a second."
            await self._error("too_fast", detail, frame.client_id or None, retry_after=wait)
            early = time.monotonic() < self.not_before
            self.not_before = time.monotonic() + wait
            if early and self.patience.take():
                await self.close(4429)
            return
        await self._do(frame, self.outlet)

    async def _do(self, frame: Frame, outlet: Outlet) -> None:
        if frame.kind in ("post", "edit", "delete", "seen"):
            await self.interface.outbox.put(outlet, self._command(frame.kind, frame))
        elif frame.kind == "resume":
            outlet.hold()
            try:
                await self._catch_up(await self._read(frame.epoch, frame.seq))
            except DatabaseError as error:
                logger.warning("a socket cannot catch up: %r", error)
                await self.close(1013)
        elif time.monotonic() - self.typed > TYPING:
            self.typed = time.monotonic()
            told = encoded({"type": "typing", "who": outlet.name})
            await apublish([(room_group(self.room.id), {"type": "room.flash", "room": self.room.id, "frame": told})])

    def _command(self, verb: Verb, frame: Frame) -> Command:
        return Command(verb, self.room.id, self.admission.user.pk, frame.client_id, frame.text, frame.seq)

    async def _error(self, code: str, detail: str, client_id: str | None, retry_after: float | None = None) -> None:
        assert self.outlet is not None  # noqa: S101 - for the type checker
        frame: dict[str, Any] = {"type": "error", "code": code, "detail": detail}
        if client_id:
            frame["client_id"] = client_id
        if retry_after is not None:
            frame["retry_after"] = math.ceil(retry_after * 100) / 100
        await self.outlet.write(encoded(frame))

    # going

    async def gone(self) -> None:
        if self.outlet is not None:
            self.interface.mailbox.leave(self.outlet)


class Missed:
    """What a client missed; `reset` when it cannot be replayed and the page must begin anew."""

    def __init__(self, page: reading.Page, *, reset: bool = False) -> None:
        self.page = page
        self.reset = reset
