"""What the sockets have in common on which a browser only listens."""

import logging
from typing import Any

from django.db import Error as DatabaseError

from consumers.interface.transport.line import line_to
from consumers.interface.transport.outlet import Outlet
from consumers.sockets.base import SocketConsumer
from consumers.sockets.door import Refused, from_allowed_origin, session_key
from consumers.sockets.limits import TokenBucket
from proj.metrics.definitions import REFUSALS

logger = logging.getLogger(__name__)

PROTOCOL = "signalbox.v1"
NONSENSE = 10  # frames from a browser that has nothing to say here, until it is closed


class ListeningSocket(SocketConsumer):
    """Lets a browser in or tells it why not, and hears nothing it says."""

    outlet: Outlet
    accepted = False

    async def connected(self) -> None:
        if not from_allowed_origin(self.scope):
            await self.base_send({"type": "websocket.close"})
            return
        plain = PROTOCOL not in self.scope["subprotocols"]
        self.nonsense = TokenBucket(1 / 30, NONSENSE)
        self.outlet = Outlet(line_to(self.scope, self.base_send), 0, "", plain=plain)
        try:
            await self.come_in(session_key(self.scope))
        except Refused as error:
            await self.accept()
            self._error(error.code, str(error))
            self.outlet.line.close(error.close)
        except DatabaseError as error:
            logger.warning("nobody can come in: %r", error)
            await self.accept()
            self.outlet.line.close(1013)

    async def come_in(self, key: str) -> None:
        """Whoever has this session comes: accept() them, and tell them what they came for. Raises Refused."""
        raise NotImplementedError

    async def accept(self) -> None:
        """Open the socket; once is enough."""
        if not self.accepted:
            self.accepted = True
            subprotocol = None if self.outlet.plain else PROTOCOL
            await self.base_send({"type": "websocket.accept", "subprotocol": subprotocol})

    async def heard(self, message: dict[str, Any]) -> None:
        self._error("bad_frame", "There is nothing to say on this socket.")
        if self.nonsense.take():
            self.outlet.line.close(4400)

    def _error(self, code: str, detail: str) -> None:
        REFUSALS.labels(code).inc()
        self.outlet.tell(type="error", code=code, detail=detail)
