"""A frame on its way to many sockets: each form that is needed is built once per process."""

import json
from collections.abc import Mapping
from typing import Any

from proj.rooms.log.frames import encoded


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
    def plain(self) -> "Frame | None":
        """The form for a client without subprotocol: `{"message": text}` of messages and errors, otherwise None."""
        if self._plain is False:
            message = _plain_text(json.loads(self.text))
            self._plain = None if message is None else Frame(json.dumps({"message": message}, ensure_ascii=False))
        return self._plain  # type: ignore[return-value]


def _framed(payload: bytes) -> bytes:
    """Return an unmasked, unfragmented text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        head = bytes((0x81, size))
    elif size < 65536:
        head = b"\x81\x7e" + size.to_bytes(2, "big")
    else:
        head = b"\x81\x7f" + size.to_bytes(8, "big")
    return head + payload


def _plain_text(fields: Mapping[str, Any]) -> str | None:
    if fields["type"] == "message.posted" and "deleted" not in fields:
        return str(fields["text"])
    if fields["type"] in ("output", "line"):
        return str(fields["text"]).removesuffix("\n")
    if fields["type"] == "error":
        return f"⚠ {fields['detail']}"
    return None
