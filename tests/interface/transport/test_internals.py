"""The undocumented attributes of daphne, autobahn and Twisted that the interface touches: each is there."""

import inspect
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import autobahn.websocket.protocol
import pytest
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from daphne import server as daphne_server
from daphne.cli import CommandLineInterface
from daphne.management.commands.runserver import Command as RunServer
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import reactor, tcp, unix
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from consumers.interface.transport import autobahn_internals, twisted_internals


@pytest.fixture
def transport() -> Iterator[Any]:
    """A real transport of Twisted, which the reactor does not know of."""
    near, far = socket.socketpair()
    transport: Any = unix.Server(near, None, None, None, 1, reactor)  # type: ignore[no-untyped-call]
    transport.startReading = transport.startWriting = lambda: None
    yield transport
    near.close()
    far.close()


@pytest.mark.parametrize("name", ["dataBuffer", "offset", "_tempDataLen", "bufferSize", "TLS", "unregisterProducer"])
def test_twisteds_transports_have_the_attributes_that_we_touch(transport: Any, name: str) -> None:
    assert hasattr(transport, name)
    assert isinstance(transport, tcp.Connection)


def test_twisteds_transport_counts_the_bytes_that_wait(transport: Any) -> None:
    assert twisted_internals.queued_bytes(transport) == 0
    transport.write(b"12345")
    assert twisted_internals.queued_bytes(transport) == 5


def test_a_transport_is_written_to_directly_while_it_has_a_plain_socket(transport: Any) -> None:
    assert twisted_internals.direct_send(transport) == transport.socket.send
    transport.TLS = True
    assert twisted_internals.direct_send(transport) is None
    assert twisted_internals.direct_send(object()) is None


def test_autobahns_protocol_has_the_attributes_that_we_touch() -> None:
    factory: Any = WebSocketServerFactory()  # type: ignore[no-untyped-call]
    factory.protocol = WebSocketServerProtocol
    protocol = factory.buildProtocol(None)
    transport: Any = StringTransport()  # type: ignore[no-untyped-call]
    protocol.makeConnection(transport)
    assert not autobahn_internals.queued_frames(protocol)
    assert not autobahn_internals.compresses(protocol)
    assert {"code", "reasonUtf8"} <= inspect.signature(protocol.sendCloseFrame).parameters.keys()
    assert list(inspect.signature(protocol.sendData).parameters) == ["data", "sync", "chopsize"]
    source = inspect.getsource(autobahn.websocket.protocol)
    for name in ("self.http_request_data = ", "self.http_headers", "self.autoPingTimeoutCall.cancel()"):
        assert name in source
    assert (protocol.autoPingPending, protocol.autoPingTimeoutCall) == (None, None)
    protocol.connectionLost(Failure(ConnectionDone()))  # type: ignore[no-untyped-call]


def test_daphnes_protocol_has_the_attributes_that_we_touch() -> None:
    source = inspect.getsource(WebSocketProtocol)
    for name in ("self.request = request", "self.last_ping = time.time()", "self.server = self.factory.server_class"):
        assert name in source
    assert "self.application_queue = application_queue" in source
    for name in ("handle_reply", "serverClose", "serverSend", "onOpen", "onMessage", "onClose", "check_timeouts"):
        assert callable(getattr(WebSocketProtocol, name))
    assert WebSocketFactory.protocol is WebSocketProtocol


def test_daphnes_server_and_commands_have_the_attributes_that_we_touch() -> None:
    source = inspect.getsource(daphne_server.Server)
    for name in ("self.ws_factory = ", "self.connections = {}", '["application_instance"] = ', "self.ready_callable()"):
        assert name in source
    for name in ("create_application", "kill_all_applications", "listen_success"):
        assert callable(getattr(daphne_server.Server, name))
    assert "self.server = self.server_class(" in inspect.getsource(CommandLineInterface.run)
    assert "self.server_cls(" in inspect.getsource(RunServer.inner_run)


# In a process of its own: the entry point chooses the event loop for all of its process.
ENTRY_POINTS = """
import functools
from consumers.interface.__main__ import CommandLine
from consumers.interface.management.commands.runserver import Command
from consumers.interface.transport.server import Server
for made in (CommandLine().server_class, Command().server_cls):
    assert isinstance(made, functools.partial) and made.func is Server and not made.args, made
"""


def test_the_commands_make_our_server_with_daphnes_arguments_alone() -> None:
    """Python 3.14 binds a bare partial to the command, as a method."""
    done = subprocess.run((sys.executable, "-c", ENTRY_POINTS), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
