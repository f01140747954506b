"""`/ws/chat/<room>/`: one socket shows one room. Specified in docs/protocol.md."""

import logging
import time
from urllib.parse import parse_qs

from django.conf import settings
from django.db import Error as DatabaseError

from consumers.interface.feeds.feed import Follower
from consumers.interface.feeds.rooms import Replay
from consumers.interface.feeds.stream import StreamGone
from consumers.interface.process import Interface, interface
from consumers.interface.transport.asgi import Message
from consumers.sockets.base import CLOSE_TRY_AGAIN_LATER, PROTOCOL, BrowserSocket
from consumers.sockets.door import CLOSE_TOO_FAST, Admission, Knock, Refused, admit_to_room
from consumers.sockets.incoming import MAX_SEQ, BadFrame, ClientFrame, read
from consumers.sockets.limits import TokenBucket, edits, reactions
from proj.layer.messages import RoomFlash
from proj.layer.publish import apublish
from proj.monotonic import NEVER
from proj.rooms.log.commands import Command
from proj.rooms.log.frames import encoded

logger = logging.getLogger(__name__)

TYPING_SECONDS = 2.0  # between two typing frames that are passed on
# Frames sent before the end of a wait that the client was asked for, until the socket is closed; one a second is
# forgiven.
ALLOWED_EARLY_FRAMES = 20
RESUMES_AT_ONCE = 4  # each may read a thousand events
RESUMES_PER_SECOND = 0.5
RATES = {"react": reactions, "unreact": reactions, "edit": edits, "delete": edits}  # beside the rate of all frames


class ChatSocket(BrowserSocket):
    """The frames that a browser may send in a room: post, edit, delete, react, seen, resume, typing."""

    admission: Admission
    interface: Interface
    follower: Follower | None = None  # None until the room is entered

    @property
    def allowed_bad_frames(self) -> int:
        return settings.BAD_FRAMES

    # entering

    async def enter(self, session: str) -> None:
        """Subscribe first, then read: events in between are held back, and follow."""
        self.rate = TokenBucket(settings.POST_RATE, max(1.0, settings.POST_RATE * settings.POST_BURST))
        self.early_frames = TokenBucket(1.0, ALLOWED_EARLY_FRAMES)
        self.wait_until = NEVER  # monotonic seconds: the end of the wait that the client was asked for
        self.resumes = TokenBucket(RESUMES_PER_SECOND, RESUMES_AT_ONCE)
        self.typed_at = NEVER
        self.is_typing = False  # as the others in the room were told
        name = self.scope["url_route"]["kwargs"]["room"]
        self.admission = await admit_to_room(Knock(session, name, make_room=self.outlet.plain))
        user, room = self.admission.user, self.admission.room
        self.outlet.user_id, self.outlet.name, self.outlet.session = user.pk, user.username, session
        self.interface = interface()
        await self.accept()  # from here on an access check may close the socket
        self.follower = Follower(self.outlet)
        await self.interface.enter_room(room.pk, self.follower)
        replay = await self._read_replay(*self._start())
        self._welcome(replay)
        if b"news=1" in self.scope["query_string"].split(b"&"):
            self.interface.subscribe_to_news(self.outlet)
        await self._settle(self.follower, replay)

    def _start(self) -> tuple[str, int | None]:
        """Return the epoch and the newest event that the page has already, as its address says.

        A plain client begins where the room was at the door: once its socket is open it receives everything.
        """
        if self.outlet.plain:
            return self.admission.room.epoch, self.admission.room.seq
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        epoch, seq = query.get("epoch", [""])[0], query.get("seq", [""])[0]
        valid = seq.isascii() and seq.isdigit() and len(seq) < len(str(MAX_SEQ))
        return epoch, int(seq) if valid else None

    def _welcome(self, replay: Replay) -> None:
        if self.outlet.plain:
            return
        room = self.admission.room
        presence = self.interface.presence(room.pk)
        self.outlet.send(
            type="welcome",
            protocol=PROTOCOL,
            room=room.name,
            epoch=replay.head.generation,
            seq=replay.head.position,
            you=self.outlet.name,
            here=presence["here"],
            count=presence["count"],
            seen=replay.seen,
            limits={
                "characters": settings.MESSAGE_CHARACTERS,
                "bytes": settings.FRAME_BYTES,
                "rate": settings.POST_RATE,
            },
        )

    # catching up

    async def _read_replay(self, epoch: str, seq: int | None) -> Replay:
        try:
            return await self.interface.read_replay(self.admission.room.pk, epoch, seq)
        except StreamGone:
            raise _no_such_room() from None

    async def _settle(self, follower: Follower, replay: Replay) -> None:
        try:
            await self.interface.settle_in_room(follower, replay)
        except StreamGone:
            raise _no_such_room() from None

    async def _resume(self, follower: Follower, frame: ClientFrame) -> None:
        wait = self.resumes.take()
        if wait:
            self._error("too_fast", "That was too fast: catch up a little later.", retry_after=wait)
            return
        follower.hold()
        try:
            await self._settle(follower, await self._read_replay(frame.epoch, frame.seq))
        except Refused as error:
            self.refuse(error)
        except DatabaseError as error:
            logger.warning("cannot read the replay of a socket: database error: %r", error)
            self.close(CLOSE_TRY_AGAIN_LATER)

    # frames of the client

    async def received(self, message: Message) -> None:
        if self.follower is None or self.closing:
            return
        try:
            frame = read(message, plain=self.outlet.plain)
        except BadFrame as error:
            self.refuse_frame(error.code, str(error), error.client_id)
            return
        wait = self.rate.take()
        if wait:
            self._too_fast(frame, wait, f"at most {settings.POST_RATE:g} messages a second")
        elif frame.kind in RATES and (wait := RATES[frame.kind].take(self.admission.user.pk)):
            self._too_fast(frame, wait, "too many reactions or edits in a minute")
        elif frame.kind == "resume":
            await self._resume(self.follower, frame)
        elif frame.kind == "typing":
            await self._typing(stopped=frame.stopped)
        else:
            user, room = self.admission.user, self.admission.room
            command = Command(frame.kind, room.pk, user.pk, frame.client_id, frame.text, frame.seq)
            self.interface.send_command(self.outlet, command)

    def _too_fast(self, frame: ClientFrame, wait: float, reason: str) -> None:
        self._error("too_fast", f"That was too fast: {reason}.", client_id=frame.client_id or None, retry_after=wait)
        early = time.monotonic() < self.wait_until
        self.wait_until = time.monotonic() + wait
        if early and self.early_frames.take():
            self.close(CLOSE_TOO_FAST)

    async def _typing(self, *, stopped: bool) -> None:
        frame: dict[str, str | bool] = {"type": "typing", "who": self.outlet.name}
        if stopped:
            if not self.is_typing:
                return
            frame["stopped"] = True
        elif time.monotonic() - self.typed_at <= TYPING_SECONDS:
            return
        else:
            self.typed_at = time.monotonic()
        self.is_typing = not stopped
        await apublish([RoomFlash(room=self.admission.room.pk, frame=encoded(frame))])

    # leaving

    async def disconnected(self) -> None:
        if self.follower is not None:
            self.interface.leave_room(self.follower)


def _no_such_room() -> Refused:
    return Refused(4404, "no_such_room", "There is no such room.")
