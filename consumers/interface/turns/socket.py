"""One socket of Channels 1.x code: its waiting messages, its session, and the turn that a worker has in hand."""

import asyncio
from typing import NamedTuple

import msgspec

from consumers.interface.transport.frame import BinaryFrame, Frame
from consumers.interface.transport.outlet import Outlet
from proj.layer.names import reply_channel

CONNECT = "websocket.connect"
RECEIVE = "websocket.receive"
DISCONNECT = "websocket.disconnect"

MAX_TURN_FRAMES = 8
MAX_TURN_BYTES = 256 * 1024  # of frames after which a turn takes no more of them
MAX_WAITING_FRAMES = 64  # of one socket; beyond them its browser is not read
MAX_HANDSHAKE_SECONDS = 18.0  # also when a connect is handed over again; below the 20 s of the interface server
CLOSE_NORMAL = 1000


class Item(NamedTuple):
    """A message of the socket that waits for its turn: a channel, and the content as msgpack."""

    channel: str
    content: bytes


class Reply(msgspec.Struct, frozen=True):
    """The content that code sends to a reply channel or a group, as the ASGI specification of Channels 1.x has it."""

    accept: bool | None = None
    text: str | None = None
    data: bytes | None = msgspec.field(default=None, name="bytes")
    close: bool | int | None = None

    def frames(self) -> list[Frame]:
        """Return the frames to write."""
        frames = [Frame(self.text)] if self.text else []
        return [*frames, BinaryFrame(self.data)] if self.data else frames

    @property
    def close_code(self) -> int:
        """The code that the socket is to be closed with; 0: it stays open."""
        if self.close is True:
            return CLOSE_NORMAL
        return self.close or 0


class TurnOutlet(Outlet):
    """The outgoing side of such a socket. Frames of our own protocol mean nothing to the team's page: none is written.

    Checks of access close it like any other.
    """

    __slots__ = ()

    def write(self, frame: Frame) -> None:
        """Leave the frame out."""


class InHand:
    """A turn that was handed to the workers and is not answered yet. Times are seconds of the monotonic clock."""

    __slots__ = ("claimed", "consumer", "data", "evidence_at", "items", "part", "started_at", "tries", "unsure")

    def __init__(self, items: list[Item], data: bytes, now: float, tries: int) -> None:
        self.items = items
        self.data = data  # as it stands in the queue
        self.started_at = now
        self.evidence_at = now  # when the turn was last known to wait or to be in a worker's hand
        self.claimed = False  # a worker has it
        self.unsure = False  # Redis was away meanwhile
        self.part = 0  # of the answer, the newest one
        self.tries = tries  # how often these items were handed over before
        self.consumer = ""

    @property
    def channel(self) -> str:
        """The channel of all its messages."""
        return self.items[0].channel


class TurnSocket:
    """A socket that does one thing at a time."""

    __slots__ = (
        *("_began_at", "_frames_before_open", "_handshake", "_space", "close_code", "connect_failed", "connected_by"),
        *("decision", "gone", "groups", "in_hand"),
        *("name", "open", "order", "outlet", "path", "session", "tries", "turn", "unread", "waiting"),
    )

    def __init__(self, outlet: Outlet, process: str, path: str) -> None:
        self.outlet = outlet
        self.path = path
        self.name = reply_channel(process, outlet.id)
        self.waiting: list[Item] = []
        self.in_hand: InHand | None = None
        self.turn = 0  # the number of the newest turn
        self.tries = 0  # how often the items in front were handed over before
        self.order = 0  # of the newest message of the browser
        self.session = ""
        self.groups: set[str] = set()
        self.decision: asyncio.Future[bool] | None = asyncio.get_running_loop().create_future()
        self.open = False
        self.unread = False  # the browser sends nothing more
        self.gone = False  # the browser is gone: only its disconnect is still to be handed over
        self.connect_failed = False  # its consumer raised, and the socket was refused
        self.connected_by = ""  # the dotted name of the consumer of its connect
        self.close_code = 0  # the one that the code asked for
        self._frames_before_open: list[Frame] = []
        self._began_at = asyncio.get_running_loop().time()
        self._handshake: asyncio.Timeout | None = None  # while the browser waits for the answer
        self._space: asyncio.Future[None] | None = None

    # from the code to the browser

    def carry_out(self, reply: Reply) -> None:
        """Accept, write and close as `reply` says, in this order."""
        if self.gone or self.close_code:
            return
        frames = reply.frames()
        if not self.open and not self._decide(reply, bool(frames)):
            return
        self.write(frames)
        if code := reply.close_code:
            self.close(code)

    def write(self, frames: list[Frame]) -> None:
        """Write frames; before the socket is open they wait."""
        if self.gone or self.close_code:
            return
        if not self.open:
            self._frames_before_open += frames
            return
        for frame in frames:
            self.outlet.line.write(frame)

    def close(self, code: int) -> None:
        """Close the socket after the frames that were written."""
        if not self.close_code:
            self.close_code = code
            if self.open:
                self.outlet.line.close(code)
                self.make_space()
            else:
                self.decide(accept=bool(self._frames_before_open))

    def _decide(self, reply: Reply, frames: bool) -> bool:
        """Decide about the handshake, if `reply` does. Return whether the rest of the reply counts."""
        if reply.accept is False:
            self.decide(accept=False)
            return False
        if reply.accept or frames:
            self.decide(accept=True)
        elif reply.close_code and not self.accepted:
            self.decide(accept=False)
            return False
        return True

    @property
    def accepted(self) -> bool:
        """Whether the handshake was accepted, or is about to be."""
        answered = self.decision if self.decision is not None and self.decision.done() else None
        return self.open or (answered is not None and not answered.cancelled() and answered.result())

    async def decided(self, seconds: float | None = None) -> bool:
        """Wait for the answer to the handshake. Raise TimeoutError after `seconds`; extend_handshake() adds to them."""
        async with asyncio.timeout(seconds) as self._handshake:
            return self.decision is not None and await self.decision

    def extend_handshake(self, seconds: float) -> None:
        """Wait for the answer `seconds` from now: the connect is handed over again."""
        if self._handshake is not None and not self._handshake.expired():
            now = asyncio.get_running_loop().time()
            self._handshake.reschedule(min(now + seconds, self._began_at + MAX_HANDSHAKE_SECONDS))

    def browser_gone(self) -> None:
        """Take the frames of the browser that wait for space: it is gone and sends no more."""
        self.unread = True
        self.decide(accept=False)
        self.make_space()

    def decide(self, *, accept: bool) -> bool:
        """Answer the handshake. Return whether the answer counts: the first one does."""
        if self.decision is None or self.decision.done():
            return False
        self.decision.set_result(accept)
        return True

    def opened(self) -> None:
        """Write the frames that waited for the open socket, and close it if that was asked for."""
        self.open = True
        self.decision = self._handshake = None
        frames, self._frames_before_open = self._frames_before_open, []
        for frame in frames:
            self.outlet.line.write(frame)
        if self.close_code:
            self.outlet.line.close(self.close_code)

    # from the browser to the code

    async def space(self) -> None:
        """Wait until another frame of the browser may wait here, or the socket closes.

        A browser that is gone has no more than a few.
        """
        while len(self.waiting) >= MAX_WAITING_FRAMES and not self.unread and not self.close_code:
            self._space = asyncio.get_running_loop().create_future()
            await self._space

    def make_space(self) -> None:
        """Let space() return, if it can."""
        if self._space is not None and not self._space.done():
            self._space.set_result(None)
            self._space = None

    def leave(self) -> None:
        """Note that the browser is gone."""
        self.gone = True
        self.unread = True
        self.open = False
        self.decide(accept=False)
        self.make_space()

    def next_items(self) -> list[Item]:
        """Take the messages of the next turn: some frames, or one other message."""
        first = self.waiting.pop(0)
        items, size = [first], len(first.content)
        while (
            first.channel == RECEIVE
            and self.waiting
            and self.waiting[0].channel == RECEIVE
            and len(items) < MAX_TURN_FRAMES
            and size < MAX_TURN_BYTES
        ):
            items.append(self.waiting.pop(0))
            size += len(items[-1].content)
        return items
