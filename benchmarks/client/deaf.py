"""Clients that do not read, such as browsers on a closed laptop."""

import asyncio
import contextlib
import socket

from benchmarks.client.crowd import Crowd
from benchmarks.client.raw import enter, framed, knock

DEAF_BUFFER_BYTES = 4096  # that the kernel may keep for the client
SEND_INTERVAL_SECONDS = 1.0  # of a client that sends


class Deaf:
    """A member of the first room that never reads. With `says`, it sends that frame each second."""

    def __init__(self, connection: socket.socket, says: bytes | None) -> None:
        self._connection = connection
        self._connection.setblocking(False)
        self._talking = asyncio.ensure_future(self._talk(says)) if says else None

    @classmethod
    async def enter(cls, crowd: Crowd, cookie: str, says: bytes | None) -> "Deaf":
        """Connect with `cookie`. Raise OSError when that fails."""
        room = crowd.rooms[0].name
        connection = await asyncio.to_thread(
            knock, crowd.url, crowd.protocol.path(room), crowd.headers(cookie), receive_buffer=DEAF_BUFFER_BYTES
        )
        await asyncio.to_thread(enter, connection, crowd.protocol.enter(room))
        return cls(connection, says)

    def leave(self) -> None:
        if self._talking is not None:
            self._talking.cancel()
        self._connection.close()

    async def _talk(self, says: bytes) -> None:
        with contextlib.suppress(OSError):  # the server closed the socket
            while True:
                await asyncio.get_running_loop().sock_sendall(self._connection, framed(says))
                await asyncio.sleep(SEND_INTERVAL_SECONDS)
