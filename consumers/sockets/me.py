"""`/ws/me/`: what is new in all rooms of a person, for pages that show no room. docs/protocol.md says how."""

import logging
from typing import Any

from django.db import Error as DatabaseError

from consumers.interface.line import line_to
from consumers.interface.outlet import Outlet
from consumers.interface.process import interface
from consumers.sockets.base import SocketConsumer
from consumers.sockets.door import Refused, from_allowed_origin, gate, session_key
from consumers.sockets.limits import TokenBucket
from proj.metrics.definitions import REFUSALS

logger = logging.getLogger(__name__)

PROTOCOL = "signalbox.v1"
NONSENSE = 10  # frames from a browser that has nothing to say here, until it is closed


class MySocket(SocketConsumer):
    """It only listens. What it may have missed, the page asks for over HTTP when the socket is open."""

    outlet: Outlet
    attending = False

    async def connected(self) -> None:
        if not from_allowed_origin(self.scope):
            await self.base_send({"type": "websocket.close"})
            return
        plain = PROTOCOL not in self.scope["subprotocols"]
        self.nonsense = TokenBucket(1 / 30, NONSENSE)
        self.outlet = Outlet(line_to(self.scope, self.base_send), 0, "", plain=plain)
        key = session_key(self.scope)
        try:
            user = await gate.ask(key)
        except Refused as error:
            await self._accept()
            self._error(error.code, str(error))
            self.outlet.line.close(error.close)
        except DatabaseError as error:
            logger.warning("nobody can come in: %r", error)
            await self._accept()
            self.outlet.line.close(1013)
        else:
            self.outlet.user_id, self.outlet.name, self.outlet.session = user.pk, user.username, key
            mailbox = interface().mailbox
            await mailbox.listening()
            await self._accept()
            self.attending = True
            mailbox.attend(self.outlet)
            self.outlet.tell(type="welcome", protocol=PROTOCOL, you=user.username)

    async def _accept(self) -> None:
        await self.base_send({"type": "websocket.accept", "subprotocol": None if self.outlet.plain else PROTOCOL})

    async def heard(self, message: dict[str, Any]) -> None:
        self._error("bad_frame", "There is nothing to say on this socket.")
        if self.nonsense.take():
            self.outlet.line.close(4400)

    def _error(self, code: str, detail: str) -> None:
        REFUSALS.labels(code).inc()
        self.outlet.tell(type="error", code=code, detail=detail)

    async def gone(self) -> None:
        if self.attending:
            interface().mailbox.leave(self.outlet)
