"""The interface server: daphne, with a line that writes straight to the socket, bounds both ways, and a quiet end.

`daphne proj.asgi:application` starts it, because proj/asgi.py puts it into daphne's command line class.
"""

import asyncio
import logging
import random
from functools import partial
from typing import Any

from daphne.server import Server as DaphneServer
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer, error

from consumers.interface.direct import DirectLine, Flusher
from consumers.interface.inbound import InboundQueue
from consumers.interface.line import Line, SendLine
from consumers.interface.process import existing

logger = logging.getLogger(__name__)

RESTARTING = 1012
COME_BACK = 3.0  # seconds over which browsers are asked to spread their return
BATCH = 100  # sockets that are closed at once
CLOSING = 5.0  # seconds that a browser has to answer a close
READ = 4096  # bytes taken from a browser before others have their turn; a frame in them costs up to 40 us
DRAIN = 12.0  # seconds that all this may take; below supervisord's stopwaitsecs


class Protocol(WebSocketProtocol):
    """A browser's connection."""

    def onOpen(self) -> None:
        # Twisted takes 64 KiB, and autobahn handles every frame in them at once: 800 small ones hold up all for 30 ms.
        self.transport.bufferSize = READ
        super().onOpen()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        # Daphne takes any frame for a sign of life and then does not ping: who sends and never reads lives for ever.
        pinged: float = self.last_ping  # type: ignore[has-type]
        super().onMessage(payload, isBinary)
        self.last_ping = pinged

    def serverClose(self, code: int | None = None, reason: str = "") -> None:
        # autobahn's sendClose() refuses 1011 to 1013, which are a server's to use
        self.sendCloseFrame(code=code or 1000, reasonUtf8=reason.encode()[:120] or None)

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close" and self.state == self.STATE_OPEN:
            self.serverClose(message.get("code"), message.get("reason") or "")
        else:
            super().handle_reply(message)


class Handle:
    """What consumers find in `scope["extensions"]["signalbox"]`."""

    def __init__(self, protocol: Protocol, flusher: Flusher, send: Any) -> None:
        self._protocol = protocol
        self._flusher = flusher
        self._send = send

    def line(self) -> Line:
        """The line to this browser; the plain one where bytes cannot go out as they are."""
        transport = self._protocol.transport
        if self._protocol._perMessageCompress is not None or getattr(transport, "TLS", False):
            return SendLine(self._send)
        return DirectLine(self._protocol, self._flusher)


class Server(DaphneServer):
    """Daphne's server with our protocol, our queue and our end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["ready_callable"] = self._prepared
        super().__init__(*args, **kwargs)
        self._flusher = Flusher()

    def _prepared(self) -> None:
        self.ws_factory.protocol = Protocol
        # pongs count, a client's own chatter does not
        self.ws_factory.setProtocolOptions(
            autoPingRestartOnAnyTraffic=False,
            closeHandshakeTimeout=CLOSING,
            allowNullOrigin=True,  # as daphne has it: the door judges origins
        )

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if scope["type"] != "websocket":
            return super().create_application(protocol, scope)
        # As daphne's own, but for the handle and the queue.
        send = partial(self.handle_reply, protocol)
        scope.setdefault("asgi", {"version": "3.0"})
        scope.setdefault("extensions", {})["signalbox"] = Handle(protocol, self._flusher, send)
        queue = InboundQueue(protocol.transport)
        running = self.application(scope=scope, receive=queue.get, send=send)
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(running)
        return queue

    # the end

    def kill_all_applications(self) -> Any:
        """Before the reactor stops: let browsers go with a word, and handlers finish, instead of killing them."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._drain()))

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN):
                await self._stop_listening()
                await self._send_everybody_away()
                await self._finish()
        except TimeoutError:
            logger.warning("stopped before everybody was gone: %d connections", len(self.connections))

    async def _stop_listening(self) -> None:
        loop = asyncio.get_running_loop()
        for listener in self.listeners:
            port = await listener.asFuture(loop)
            try:
                await defer.maybeDeferred(port.stopListening).asFuture(loop)
            except (error.CannotListenError, OSError) as trouble:
                logger.warning("while closing the door: %r", trouble)

    async def _send_everybody_away(self) -> None:
        sockets = [protocol for protocol in self.connections if getattr(protocol, "state", None) == Protocol.STATE_OPEN]
        if sockets:
            logger.info("sending %d browsers to another process", len(sockets))
        random.shuffle(sockets)
        for number, protocol in enumerate(sockets, 1):
            protocol.serverClose(RESTARTING, f"retry_after={random.uniform(0, COME_BACK):.1f}")  # noqa: S311 - jitter
            if number % BATCH == 0:
                await asyncio.sleep(0.02)

    async def _finish(self) -> None:
        """Wait until the handlers are done and what people said is handed over."""
        while running := [
            application
            for details in self.connections.values()
            if (application := details.get("application_instance")) is not None and not application.done()
        ]:
            await asyncio.wait(running, timeout=0.5)
        interface = existing()
        if interface is not None:
            await interface.close()
