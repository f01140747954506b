"""A network that a test can really cut: a SOCKS proxy between one browser context and everything else.

The page keeps its own address and origin, so nothing in the stack has to know of the proxy.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from tests.system.stack import Port


class Network:
    """Runs in a thread of its own. `proxy` is an option of a browser context; cut() and mend() act at once."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server | None = None
        self._port = Port()
        self._links: set[asyncio.StreamWriter] = set()
        self._talks: set[asyncio.Task[None]] = set()
        self._hears = True
        self.mend()

    @property
    def proxy(self) -> dict[str, str]:
        """For `new_context(proxy=...)`; browsers leave out 127.0.0.1 unless told otherwise."""
        return {"server": f"socks5://127.0.0.1:{self._port.number}", "bypass": "<-loopback>"}

    def cut(self) -> None:
        """Nothing gets through any more, and every connection is torn down."""
        self._run(self._cut())

    def deaf(self) -> None:
        """Let bytes of the browser through and none back to it, until mend()."""
        self._hears = False

    def mend(self) -> None:
        """Let connections through, at the same port as before."""
        self._run(self._mend())

    def close(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self._port.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _mend(self) -> None:
        self._hears = True
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port.number)

    async def _cut(self) -> None:
        if self._server is not None:
            for listener in self._server.sockets:
                self._loop.remove_reader(listener.fileno())
            # A connection accepted a moment ago gets its transport, then its talk, some rounds from now. A server
            # that is closed before that refuses the transport, and nobody closes the socket.
            for _ in range(6):
                await asyncio.sleep(0)
            self._server.close()
            self._server = None
        for writer in self._links:
            if writer.transport.is_closing():
                continue  # by itself, a moment ago: its socket may be gone already
            # reset rather than closed: as when a host disappears
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        while self._talks:
            for talk in self._talks:
                talk.cancel()
            await asyncio.gather(*self._talks, return_exceptions=True)
        for _ in range(3):
            await asyncio.sleep(0)  # the transports close their sockets in the loop's next rounds

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        self._links.add(writer)
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # either end went away, or the network was cut
        finally:
            self._talks.discard(talk)
            self._links.discard(writer)
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = await _greeting(reader, writer)
        far_reader, far_writer = await asyncio.open_connection(host, port)
        self._links.add(far_writer)
        try:
            writer.write(b"\x05\x00\x00\x01" + bytes(6))
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, far_writer, lambda: True))
                both.create_task(_pump(far_reader, writer, lambda: self._hears))
        except* OSError:
            pass
        finally:
            self._links.discard(far_writer)
            far_writer.transport.abort()


async def _greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
    """SOCKS 5 without a password (RFC 1928): where the browser wants to go."""
    _, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    writer.write(b"\x05\x00")
    _, command, _, kind = await reader.readexactly(4)
    assert command == 1, "only connections are made here"
    if kind == 1:
        host = socket.inet_ntop(socket.AF_INET, await reader.readexactly(4))
    elif kind == 3:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
    else:
        host = socket.inet_ntop(socket.AF_INET6, await reader.readexactly(16))
    (port,) = struct.unpack("!H", await reader.readexactly(2))
    return host, port


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Callable[[], bool]) -> None:
    while data := await reader.read(65536):
        if passes():
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
