"""The chat protocol of each system: the address, the frame of a message, and the way into a room.

A message's text holds `~NUMBER~`. Every frame that holds it is a delivery, with any other text of the system around it.
"""

import functools
import uuid
from collections.abc import Callable


class Protocol:
    """The tutorial's protocol: JSON with `message`."""

    subprotocol = ""
    joins = False  # whether more than the handshake is needed to be in the room

    def path(self, room: str) -> str:
        return f"/ws/chat/{room}/"

    def post(self, text: str) -> bytes:
        """Return the frame that posts `text`."""
        return b'{"message": "%s"}' % text.encode()

    def enter(self, room: str) -> list[bytes]:
        """Return the frames that enter the room, for a client that does not wait for answers but pauses after each."""
        return []

    def hear(self, frame: bytes, room: str, send: Callable[[bytes], None]) -> bool:
        """Answer a frame that is no delivery, where needed; return whether the client is now in the room."""
        return False


class Signalbox(Protocol):
    """signalbox.v1: every message has a client_id, is stored, numbered and acknowledged."""

    subprotocol = "signalbox.v1"
    joins = True

    def post(self, text: str) -> bytes:
        return b'{"message":"%s","client_id":"%s"}' % (text.encode(), str(uuid.uuid4()).encode())

    def hear(self, frame: bytes, room: str, send: Callable[[bytes], None]) -> bool:
        return b'"welcome"' in frame


class SocketIO(Protocol):
    """Engine.IO 4 and Socket.IO 5 over WebSocket alone."""

    joins = True

    def path(self, room: str) -> str:
        return "/socket.io/?EIO=4&transport=websocket"

    def post(self, text: str) -> bytes:
        return b'42["say","%s"]' % text.encode()

    def enter(self, room: str) -> list[bytes]:
        return [b"40", b'420["join","%s"]' % room.encode()]

    def hear(self, frame: bytes, room: str, send: Callable[[bytes], None]) -> bool:
        if frame == b"2":  # ping
            send(b"3")
        elif frame.startswith(b"0"):  # open
            send(b"40")
        elif frame.startswith(b"40"):  # connected
            send(b'420["join","%s"]' % room.encode())
        return frame.startswith(b"430")


class Nchan(Protocol):
    """nchan's protocol: a frame goes to the channel unchanged."""

    def path(self, room: str) -> str:
        return f"/pubsub/{room}"

    def post(self, text: str) -> bytes:
        return text.encode()


class Channels1(Protocol):
    """Channels 1.x code: a text comes back unchanged. `consumers` are those that the address names."""

    def __init__(self, consumers: str) -> None:
        self._consumers = consumers

    def path(self, room: str) -> str:
        return f"/channel/{self._consumers}/{room}/"

    def post(self, text: str) -> bytes:
        return text.encode()


PROTOCOLS: dict[str, Callable[[], Protocol]] = {
    "stock": Protocol,
    "signalbox": Signalbox,
    "socketio": SocketIO,
    "nchan": Nchan,
    "channels1-echo": functools.partial(Channels1, "echo"),
    "channels1-session": functools.partial(Channels1, "session"),
    "channels1-group": functools.partial(Channels1, "group"),
}
