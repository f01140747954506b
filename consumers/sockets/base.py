"""What every kind of socket has: a loop of its own, one handler per ASGI message, a clean end."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

logger = logging.getLogger(__name__)


class SocketConsumer(AsyncConsumer):
    """A consumer without a channel of its own: what it hears from other processes comes through the mailbox.

    Channels' own dispatch crosses to a thread on every message, nearly half of all CPU. Database work here goes
    through consumers.interface.database, which keeps its connections in order itself.
    """

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        self.scope = scope
        self.base_send = send
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            await self.gone()

    async def dispatch(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.receive":
            await self.heard(message)
        elif message["type"] == "websocket.connect":
            await self.connected()
        elif message["type"] == "websocket.disconnect":
            raise StopConsumer

    async def connected(self) -> None:
        """A client knocks: accept, or close."""
        raise NotImplementedError

    async def heard(self, message: dict[str, Any]) -> None:
        """A frame came."""
        raise NotImplementedError

    async def gone(self) -> None:
        """The socket is closed, however that came about."""
