"""A frame on its way to many sockets: each form that is needed is built once per process."""

import json
from collections.abc import Mapping
from typing import Any

from consumers.interface.transport.asgi import Message
from proj.rooms.log.frames import encoded

TEXT_OPCODE = 0x1
BINARY_OPCODE = 0x2


class Frame:
    """One JSON text of the protocol. `wire`: the bytes that go over a socket, RFC 6455 framing included."""

    __slots__ = ("_plain", "text", "wire")

    def __init__(self, text: str) -> None:
        self.text = text
        self.wire = _framed(text.encode())
        self._plain: Frame | bool | None = False  # False: not built yet

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Frame":
        """Return the frame with these fields."""
        return cls(encoded(fields))

    @property
    def message(self) -> Message:
        """The ASGI message that sends this frame."""
        return {"type": "websocket.send", "text": self.text}

    @property
    def plain(self) -> "Frame | None":
        """The form for a client without subprotocol: `{"message": text}` of messages and errors, otherwise None."""
        if self._plain is False:
            message = _plain_text(json.loads(self.text))
            self._plain = None if message is None else Frame(json.dumps({"message": message}, ensure_ascii=False))
        return self._plain  # type: ignore[return-value]


class BinaryFrame(Frame):
    """A frame of bytes, as code of Channels 1.x may send it."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.text = ""
        self.data = data
        self.wire = _framed(data, BINARY_OPCODE)
        self._plain = None

    @property
    def message(self) -> Message:
        return {"type": "websocket.send", "bytes": self.data}


def _framed(payload: bytes, opcode: int = TEXT_OPCODE) -> bytes:
    """Return an unmasked, unfragmented frame (RFC 6455, section 5.2)."""
    size = len(payload)
    first = 0x80 | opcode
    if size < 126:
        head = bytes((first, size))
    elif size < 65536:
        head = bytes((first, 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 127)) + size.to_bytes(8, "big")
    return head + payload


def _plain_text(fields: Mapping[str, Any]) -> str | None:
    if fields["type"] == "message.posted" and "deleted" not in fields:
        return str(fields["text"])
    if fields["type"] in ("output", "line"):
        return str(fields["text"]).removesuffix("\n")
    if fields["type"] == "error":
        return f"⚠ {fields['detail']}"
    return None
