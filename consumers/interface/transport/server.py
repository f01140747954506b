"""The interface server: daphne, with a line that writes straight to the socket, bounds both ways, and a quiet end."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from daphne.server import Server as DaphneServer
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer

from consumers.interface.transport.direct import DirectLine, Flusher
from consumers.interface.transport.inbound import InboundQueue
from consumers.interface.transport.line import Line, SendLine
from consumers.interface.transport.traffic import Traffic
from proj.metrics.definitions import CLOSES, PROCESS, SOCKETS

logger = logging.getLogger(__name__)

RESTARTING = 1012
COME_BACK = 3.0  # seconds over which browsers are asked to spread their return
BATCH = 100  # sockets that are closed at once
CLOSING = 5.0  # seconds that a browser has to answer a close
READ = 4096  # bytes taken from a browser before others have their turn; a frame in them costs up to 40 us
SLOWLY = 0.05  # seconds between two reads from who is being sent away
DRAIN = 12.0  # seconds that all this may take; below supervisord's stopwaitsecs
# Close codes that are counted by themselves. Browsers may make up others, and a metric keeps each one for ever.
COUNTED = (1000, 1001, 1002, 1003, 1005, 1006, 1007, 1009, 1011, 1012, 1013, 4400, 4401, 4403, 4404, 4408, 4429)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What daphne still wants to know of a request when the socket is open."""

    path: str


class Protocol(WebSocketProtocol):
    """A browser's connection."""

    opened = False
    told = 0  # the close code that we sent
    line: DirectLine | None = None

    def onOpen(self) -> None:
        # Twisted takes 64 KiB, and autobahn handles every frame in them at once: 800 small ones hold up all for 30 ms.
        self.transport.bufferSize = READ
        self._forget_the_request()
        super().onOpen()
        self.opened = True
        SOCKETS.labels(PROCESS).inc()

    def _forget_the_request(self) -> None:
        """The scope has it. Daphne, autobahn and Twisted each keep it once more: a fifth of an idle socket's memory."""
        self.request: Any = _Asked(self.request.path)
        self.http_request_data, self.http_headers = b"", dict[str, str]()
        self.transport.unregisterProducer()  # Twisted's HTTP channel with its request: it paused nothing any more

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        if self.line is not None:
            self.line.clear = False
        super().sendData(data, sync, chopsize)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        if self.line is not None:
            self.line.clear = False
            self.line = None
        super().onClose(wasClean, code, reason)
        if self.opened:
            self.opened = False
            ended = self.told or code
            SOCKETS.labels(PROCESS).dec()
            CLOSES.labels(str(ended) if ended in COUNTED else "other").inc()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.server.traffic.received(len(payload))
        # Daphne takes any frame for a sign of life and then does not ping: who sends and never reads lives for ever.
        pinged: float = self.last_ping  # type: ignore[has-type]
        super().onMessage(payload, isBinary)
        self.last_ping = pinged

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        # Autobahn goes on parsing what a flooder has under way, frame by frame; its answer to the close may follow.
        if self.told and self.state == self.STATE_CLOSING and self.transport.connected:
            self.transport.pauseProducing()
            asyncio.get_running_loop().call_later(SLOWLY, self._hear_on)

    def _hear_on(self) -> None:
        if self.transport is not None and self.transport.connected:
            self.transport.resumeProducing()

    def serverClose(self, code: int | None = None, reason: str = "") -> None:
        self.told = self.told or code or 1000
        # autobahn's sendClose() refuses 1011 to 1013, which are a server's to use
        self.sendCloseFrame(code=code or 1000, reasonUtf8=reason.encode()[:120] or None)

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close" and self.state == self.STATE_OPEN:
            self.serverClose(message.get("code"), message.get("reason") or "")
        else:
            super().handle_reply(message)

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:
        super().serverSend(content, binary)
        self.server.traffic.sent(len(content))


class Handle:
    """What consumers find in `scope["extensions"]["signalbox"]`."""

    def __init__(self, protocol: Protocol, flusher: Flusher, send: Any) -> None:
        self._protocol = protocol
        self._flusher = flusher
        self._send = send

    def line(self) -> Line:
        """The line to this browser; the plain one where bytes cannot go out as they are."""
        transport = self._protocol.transport
        gone = getattr(transport, "socket", None) is None
        if gone or self._protocol._perMessageCompress is not None or getattr(transport, "TLS", False):
            return SendLine(self._send)
        line = self._protocol.line = DirectLine(self._protocol, self._flusher)
        return line


async def _nothing_to_finish() -> None:
    """The default of Server's `finish`."""


class Server(DaphneServer):
    """Daphne's server with our protocol, inbound queue and drain. `finish` is awaited after the last handler."""

    def __init__(self, *args: Any, finish: Callable[[], Awaitable[None]] = _nothing_to_finish, **kwargs: Any) -> None:
        super().__init__(*args, ready_callable=self._prepared, **kwargs)
        self._hand_over = finish
        self.traffic = Traffic()
        self._flusher = Flusher(self.traffic)
        self._ports: list[Any] = []

    def listen_success(self, port: Any) -> None:
        self._ports.append(port)
        super().listen_success(port)

    def _prepared(self) -> None:
        SOCKETS.labels(PROCESS).set(0)
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
        except Exception:
            logger.exception("stopped in disorder")
        finally:
            self.traffic.report()

    async def _stop_listening(self) -> None:
        for port in self._ports:
            await defer.maybeDeferred(port.stopListening).asFuture(asyncio.get_running_loop())

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
            await self._send_everybody_away()  # handshakes that were under way are done by now
        await self._hand_over()
