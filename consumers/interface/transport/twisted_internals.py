"""The attributes of Twisted's TCP and unix transports that are no public interface. Tested with Twisted 26.10.0.

tests/interface/transport/test_internals.py checks that each of them is there.
"""

from collections.abc import Callable
from typing import Any


def queued_bytes(transport: Any) -> int:
    """Return how many bytes wait in the transport. It drops its buffers when the closing handshake is over."""
    return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)


def direct_send(transport: Any) -> Callable[[bytes], int] | None:
    """Return the socket's own send(), or None where bytes cannot go out as they are: no socket any more, or TLS."""
    socket = getattr(transport, "socket", None)
    if socket is None or getattr(transport, "TLS", False):
        return None
    send: Callable[[bytes], int] = socket.send
    return send


def set_read_size(transport: Any, size_bytes: int) -> None:
    """Have the transport read at most `size_bytes` from the socket in one turn of the event loop."""
    transport.bufferSize = size_bytes


def forget_request(transport: Any) -> None:
    """Release Twisted's HTTP channel and its request. The channel is a producer that pauses nothing any more."""
    transport.unregisterProducer()
