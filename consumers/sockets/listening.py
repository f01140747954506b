"""The base of the sockets on which a browser only listens."""

from consumers.interface.transport.asgi import Message
from consumers.sockets.base import BrowserSocket

ALLOWED_BAD_FRAMES = 10


class ListeningSocket(BrowserSocket):
    """A socket on which every frame of the browser is a bad one."""

    allowed_bad_frames = ALLOWED_BAD_FRAMES

    async def received(self, message: Message) -> None:
        if not self.closing:
            self.refuse_frame("bad_frame", "There is nothing to say on this socket.")
