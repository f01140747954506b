"""The attributes of autobahn's WebSocket protocol that are no public interface. Tested with autobahn 26.10.2.

transport/server.py also overrides sendData(). tests/interface/transport/test_internals.py checks that each of them is
there.
"""

from operator import attrgetter
from typing import Any

from autobahn.websocket.protocol import WebSocketProtocol

STATE_OPEN = WebSocketProtocol.STATE_OPEN
STATE_CLOSING = WebSocketProtocol.STATE_CLOSING

CLOSE_REASON_BYTES = 120  # RFC 6455 allows 123

# Frames that autobahn chops and sends by itself. A flush reads them: an attrgetter costs no Python call.
queued_frames = attrgetter("send_queue")


def compresses(protocol: Any) -> bool:
    """Return whether permessage-deflate was negotiated: frames then have to go through autobahn."""
    return protocol._perMessageCompress is not None


def forget_handshake(protocol: Any) -> None:
    """Release the request of the handshake, which the scope carries as well."""
    protocol.http_request_data, protocol.http_headers = b"", dict[str, str]()


def expect_no_pong(protocol: Any) -> None:
    """Forget the ping that was sent last: no pong closes the connection. A pong that comes all the same is ignored."""
    if protocol.autoPingTimeoutCall is not None:
        protocol.autoPingTimeoutCall.cancel()
        protocol.autoPingTimeoutCall = None
    protocol.autoPingPending = None


def send_close(protocol: Any, code: int, reason: str) -> None:
    """Send a close frame. autobahn's public sendClose() refuses 1011 to 1013, which are a server's to use."""
    protocol.sendCloseFrame(code=code, reasonUtf8=reason.encode()[:CLOSE_REASON_BYTES] or None)
