"""The base classes of all sockets: the loop over ASGI messages, and the way from the door to an open socket."""

import logging
import math

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.db import Error as DatabaseError

from consumers.interface.transport.asgi import Message, Receive, Scope, Send
from consumers.interface.transport.line import line_to
from consumers.interface.transport.outlet import Outlet
from consumers.sockets.door import Refused, from_allowed_origin, session_key
from consumers.sockets.limits import TokenBucket
from proj.metrics.definitions import REFUSALS

logger = logging.getLogger(__name__)

PROTOCOL = "signalbox.v1"
CLOSE_TRY_AGAIN_LATER = 1013
CLOSE_BAD_FRAMES = 4400
BAD_FRAME_SECONDS = 30.0  # after which one more bad frame is forgiven


class SocketConsumer(AsyncConsumer):
    """A consumer without a channel of its own: messages of other processes come through the Interface.

    Channels' own dispatch crosses to a thread on every message, nearly half of all CPU. Database work here goes
    through consumers.interface.support.database, which keeps its connections in order itself.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.base_send = send
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            await self.disconnected()

    async def dispatch(self, message: Message) -> None:
        if message["type"] == "websocket.receive":
            await self.received(message)
        elif message["type"] == "websocket.connect":
            await self.connected()
        elif message["type"] == "websocket.disconnect":
            raise StopConsumer

    async def connected(self) -> None:
        """Accept or close the socket of a client that asks for it."""
        raise NotImplementedError

    async def received(self, message: Message) -> None:
        """Handle a frame of the client."""
        raise NotImplementedError

    async def disconnected(self) -> None:
        """Clean up after the socket is closed, by either side."""


class BrowserSocket(SocketConsumer):
    """A socket behind the door: it admits a person or says why not, and closes on too many bad frames."""

    outlet: Outlet
    accepted = False
    closing = False

    @property
    def allowed_bad_frames(self) -> int:
        """How many bad frames are answered before the socket is closed; 0: any number."""
        raise NotImplementedError

    async def connected(self) -> None:
        if not from_allowed_origin(self.scope):
            await self.base_send({"type": "websocket.close"})
            return
        plain = PROTOCOL not in self.scope["subprotocols"]
        self.outlet = Outlet(line_to(self.scope, self.base_send), 0, "", plain=plain)
        allowed = self.allowed_bad_frames
        self.bad_frames = TokenBucket(1 / BAD_FRAME_SECONDS if allowed else 0, allowed)
        try:
            await self.enter(session_key(self.scope))
        except (Refused, DatabaseError) as error:
            await self.accept()
            self.refuse(error)

    async def enter(self, session: str) -> None:
        """Admit the person of this session: accept() the socket, and send its first frames. Raises Refused."""
        raise NotImplementedError

    async def accept(self) -> None:
        """Accept the socket, unless it was accepted before."""
        if not self.accepted:
            self.accepted = True
            subprotocol = None if self.outlet.plain else PROTOCOL
            await self.base_send({"type": "websocket.accept", "subprotocol": subprotocol})

    def refuse(self, error: Refused | DatabaseError) -> None:
        """Close the socket, and say why where the client can act on it."""
        if isinstance(error, Refused):
            self._error(error.code, str(error))
            self.close(error.close_code)
        else:
            logger.warning("cannot admit sockets: database error: %r", error)
            self.close(CLOSE_TRY_AGAIN_LATER)

    def refuse_frame(self, code: str, detail: str, client_id: str | None = None) -> None:
        """Answer a bad frame, and close the socket when there were too many."""
        self._error(code, detail, client_id=client_id)
        if self.bad_frames.take():
            self.close(CLOSE_BAD_FRAMES)

    def close(self, code: int) -> None:
        """Close the socket after the frames that were written, and handle no more frames of the client."""
        self.closing = True
        self.outlet.line.close(code)

    def _error(self, code: str, detail: str, *, client_id: str | None = None, retry_after: float | None = None) -> None:
        """Send an error frame. `retry_after`: seconds."""
        REFUSALS.labels(code).inc()
        fields: dict[str, str | float] = {"type": "error", "code": code, "detail": detail}
        if client_id:
            fields["client_id"] = client_id
        if retry_after is not None:
            fields["retry_after"] = math.ceil(retry_after * 100) / 100
        self.outlet.send(**fields)
