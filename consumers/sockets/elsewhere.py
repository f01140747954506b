"""Any other socket address."""

from typing import Any

from consumers.sockets.base import SocketConsumer


class NoSuchSocket(SocketConsumer):
    """There is nothing here: the handshake is refused, instead of an exception with a traceback for each."""

    async def connected(self) -> None:
        await self.base_send({"type": "websocket.close"})

    async def heard(self, message: dict[str, Any]) -> None:
        """Nothing is heard on a socket that was not accepted."""
