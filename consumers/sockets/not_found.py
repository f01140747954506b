"""Every socket address that is none of ours."""

from consumers.interface.transport.asgi import Message
from consumers.sockets.base import SocketConsumer


class NoSuchSocket(SocketConsumer):
    """Refuses the handshake, instead of an exception with a traceback for each."""

    async def connected(self) -> None:
        await self.base_send({"type": "websocket.close"})

    async def received(self, message: Message) -> None:
        """Ignore the frame: a socket that was not accepted has none."""
