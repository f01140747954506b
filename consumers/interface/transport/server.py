"""The interface server: daphne with direct writes to the socket, bounds in both directions, and a drain at its end."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from daphne.server import Server as DaphneServer
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer

from consumers.interface.transport import autobahn_internals, daphne_internals, twisted_internals
from consumers.interface.transport.asgi import Message, Scope
from consumers.interface.transport.direct import DirectLine, Flusher
from consumers.interface.transport.inbound import InboundQueue
from consumers.interface.transport.line import Line, SendLine
from consumers.interface.transport.traffic import Traffic
from proj.metrics.definitions import CLOSES, PROCESS, SOCKETS

logger = logging.getLogger(__name__)

SERVICE_RESTART = 1012
RETURN_SPREAD_SECONDS = 3.0  # browsers are asked to spread their return over this time
CLOSE_BATCH_SOCKETS = 100
CLOSE_BATCH_PAUSE_SECONDS = 0.02
CLOSE_HANDSHAKE_SECONDS = 5.0  # that a browser has to answer a close frame
# Read from one browser before the others have their turn. A frame in it costs up to 40 us. Twisted's 64 KiB may hold
# 800 small frames, which autobahn handles at once: 30 ms for which every other socket waits.
SOCKET_READ_BYTES = 4096
CLOSING_READ_PAUSE_SECONDS = 0.05  # between two reads from a browser that is being closed
SERVER_DRAIN_SECONDS = 12.0  # for the whole drain; below supervisord's stopwaitsecs
# Close codes that are counted by themselves. Browsers may make up others, and a metric keeps each one for ever.
COUNTED_CLOSE_CODES = (
    *(1000, 1001, 1002, 1003, 1005, 1006, 1007, 1009, 1011, 1012, 1013),
    *(4400, 4401, 4403, 4404, 4408, 4429),
)


class Protocol(WebSocketProtocol):
    """The connection of one browser."""

    opened = False
    close_code = 0  # the one that we sent
    line: DirectLine | None = None

    def onOpen(self) -> None:
        twisted_internals.set_read_size(self.transport, SOCKET_READ_BYTES)
        # The scope has the request. The three libraries each keep it too: a fifth of an idle socket's memory.
        daphne_internals.forget_request(self)
        autobahn_internals.forget_handshake(self)
        twisted_internals.forget_request(self.transport)
        super().onOpen()
        self.opened = True
        SOCKETS.labels(PROCESS).inc()

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
            final_code = self.close_code or code
            SOCKETS.labels(PROCESS).dec()
            CLOSES.labels(str(final_code) if final_code in COUNTED_CLOSE_CODES else "other").inc()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.server.traffic.received(len(payload))
        daphne_internals.receive_without_ping_credit(self, super().onMessage, payload, isBinary)

    def check_timeouts(self) -> None:
        super().check_timeouts()
        # The pongs of a browser that is held back wait behind its frames. It is pinged all the same: proxies close a
        # connection without traffic.
        queue = getattr(self, "application_queue", None)
        if queue is not None and queue.paused:
            autobahn_internals.expect_no_pong(self)

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        # autobahn parses a flooder's remaining frames one by one, because the answer to the close may follow them.
        if self.close_code and self.state == autobahn_internals.STATE_CLOSING and self.transport.connected:
            self.transport.pauseProducing()
            asyncio.get_running_loop().call_later(CLOSING_READ_PAUSE_SECONDS, self._resume_reading)

    def _resume_reading(self) -> None:
        if self.transport is not None and self.transport.connected:
            self.transport.resumeProducing()

    def serverClose(self, code: int | None = None, reason: str = "") -> None:
        self.close_code = self.close_code or code or 1000
        autobahn_internals.send_close(self, code or 1000, reason)

    def handle_reply(self, message: Message) -> None:
        if message["type"] == "websocket.close" and self.state == autobahn_internals.STATE_OPEN:
            self.serverClose(message.get("code"), message.get("reason") or "")
        else:
            super().handle_reply(message)

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:
        super().serverSend(content, binary)
        self.server.traffic.sent(len(content))


class Handle:
    """The value of `scope["extensions"]["signalbox"]`: consumers get the line to their browser from it."""

    def __init__(self, protocol: Protocol, flusher: Flusher, send: Any) -> None:
        self._protocol = protocol
        self._flusher = flusher
        self._send = send
        self.queue: InboundQueue | None = None

    def call_when_gone(self, call: Callable[[], None]) -> None:
        """Call `call` as soon as the browser is gone, while frames of it still wait for the consumer."""
        if self.queue is not None:
            self.queue.call_when_gone = call

    def line(self) -> Line:
        """Return the line to this browser: a direct one, or the plain one where bytes cannot go out as they are."""
        protocol = self._protocol
        if twisted_internals.direct_send(protocol.transport) is None or autobahn_internals.compresses(protocol):
            return SendLine(self._send)
        line = protocol.line = DirectLine(protocol, self._flusher)
        return line


async def _nothing_to_finish() -> None:
    """The default of Server's `finish`."""


class Server(DaphneServer):
    """Daphne's server with our protocol, inbound queue and drain. `finish` is awaited after the last handler."""

    def __init__(self, *args: Any, finish: Callable[[], Awaitable[None]] = _nothing_to_finish, **kwargs: Any) -> None:
        super().__init__(*args, ready_callable=self._prepare, **kwargs)
        self.traffic = Traffic()
        self._finish = finish
        self._flusher = Flusher(self.traffic)
        self._ports: list[Any] = []

    def listen_success(self, port: Any) -> None:
        self._ports.append(port)
        super().listen_success(port)

    def _prepare(self) -> None:
        SOCKETS.labels(PROCESS).set(0)
        daphne_internals.use_protocol(
            self,
            Protocol,
            autoPingRestartOnAnyTraffic=False,  # only a pong is a sign of life, a frame of the client is not
            closeHandshakeTimeout=CLOSE_HANDSHAKE_SECONDS,
            allowNullOrigin=True,  # as daphne has it: sockets/door.py judges origins
        )

    def create_application(self, protocol: Any, scope: Scope) -> Any:
        if scope["type"] != "websocket":
            return super().create_application(protocol, scope)
        # The same as daphne's own, but for the handle and the queue.
        send = partial(self.handle_reply, protocol)
        scope.setdefault("asgi", {"version": "3.0"})
        handle = scope.setdefault("extensions", {})["signalbox"] = Handle(protocol, self._flusher, send)
        queue = handle.queue = InboundQueue(protocol.transport)
        daphne_internals.start_application(self, protocol, self.application(scope=scope, receive=queue.get, send=send))
        return queue

    # the drain

    def kill_all_applications(self) -> Any:
        """Called before the reactor stops: close sockets and let their handlers finish, instead of killing them."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._drain()))

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(SERVER_DRAIN_SECONDS):
                await self._stop_listening()
                await self._close_sockets()
                while running := daphne_internals.running_applications(self):
                    await asyncio.wait(running, timeout=0.5)
                    await self._close_sockets()  # handshakes that were under way are done by now
                await self._finish()
        except TimeoutError:
            logger.warning("stopped after %g s with %d connections open", SERVER_DRAIN_SECONDS, len(self.connections))
        except Exception:
            logger.exception("could not drain the connections before stopping")
        finally:
            self.traffic.report()

    async def _stop_listening(self) -> None:
        for port in self._ports:
            await defer.maybeDeferred(port.stopListening).asFuture(asyncio.get_running_loop())

    async def _close_sockets(self) -> None:
        sockets = daphne_internals.open_sockets(self)
        if sockets:
            logger.info("closing %d sockets; their browsers connect to another process", len(sockets))
        random.shuffle(sockets)
        for number, protocol in enumerate(sockets, 1):
            delay = random.uniform(0, RETURN_SPREAD_SECONDS)  # noqa: S311 - jitter
            protocol.serverClose(SERVICE_RESTART, f"retry_after={delay:.1f}")
            if number % CLOSE_BATCH_SOCKETS == 0:
                await asyncio.sleep(CLOSE_BATCH_PAUSE_SECONDS)
