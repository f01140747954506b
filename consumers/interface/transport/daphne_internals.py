"""The attributes of daphne's server and protocol that are no public interface. Tested with daphne 4.2.3.

transport/server.py also overrides create_application(), handle_reply(), serverClose(), serverSend() and
kill_all_applications(). tests/interface/transport/test_internals.py checks that each of them is there.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from consumers.interface.transport.autobahn_internals import STATE_OPEN


@dataclass(frozen=True, slots=True)
class RequestPath:
    """The part of a handshake's request that daphne reads while the socket is open: it logs the path."""

    path: str


def forget_request(protocol: Any) -> None:
    """Release the request of the handshake but for its path."""
    protocol.request = RequestPath(protocol.request.path)


def receive_without_ping_credit(
    protocol: Any, receive: Callable[[bytes, bool], None], data: bytes, binary: bool
) -> None:
    """Hand a frame to daphne's onMessage() `receive` without postponing the next ping.

    daphne takes any frame for a sign of life and then sends no ping: a client that sends and never reads would live
    for ever.
    """
    pinged = protocol.last_ping
    receive(data, binary)
    protocol.last_ping = pinged


def use_protocol(server: Any, protocol: type, **options: Any) -> None:
    """Have `server` make its WebSocket connections with our protocol class and these options of autobahn."""
    server.ws_factory.protocol = protocol
    server.ws_factory.setProtocolOptions(**options)


def start_application(server: Any, protocol: Any, application: Any) -> None:
    """Run the ASGI application of one connection, and note its task where daphne looks for it."""
    server.connections[protocol]["application_instance"] = asyncio.ensure_future(application)


def running_applications(server: Any) -> list[asyncio.Future[Any]]:
    """Return the applications of all connections that have not ended."""
    applications = [details.get("application_instance") for details in server.connections.values()]
    return [application for application in applications if application is not None and not application.done()]


def open_sockets(server: Any) -> list[Any]:
    """Return the protocols of all WebSocket connections that are open."""
    return [protocol for protocol in server.connections if getattr(protocol, "state", None) == STATE_OPEN]
