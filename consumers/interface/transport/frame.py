"""A frame on its way to many sockets: each form that it is needed in is built once per process."""

import json
from collections.abc import Mapping
from typing import Any

from proj.rooms.log.frames import encoded


class Frame:
    """One JSON text of the protocol. `wire` is what goes over a socket as it is, RFC 6455 framing included."""

    __slots__ = ("_plain", "text", "wire")

    def __init__(self, text: str) -> None:
        self.text = text
        self.wire = _framed(text.encode())
        self._plain: Frame | bool | None = False  # False: not looked at yet

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Frame":
        """The frame with these fields."""
        return cls(encoded(fields))

    @property
    def plain(self) -> "Frame | None":
        """What a client without subprotocol hears of it: `{"message": text}` of messages and errors, or nothing."""
        if self._plain is False:
            said = _said(json.loads(self.text))
            self._plain = None if said is None else Frame(json.dumps({"message": said}, ensure_ascii=False))
        return self._plain  # type: ignore[return-value]


def _framed(payload: bytes) -> bytes:
    """An unmasked, unfragmented text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        head = bytes((0x81, size))
    elif size < 65536:
        head = b"\x81\x7e" + size.to_bytes(2, "big")
    else:
        head = b"\x81\x7f" + size.to_bytes(8, "big")
    return head + payload


def _said(fields: Mapping[str, Any]) -> str | None:
    if fields["type"] == "message.posted" and "deleted" not in fields:
        return str(fields["text"])
    if fields["type"] in ("output", "line"):
        return str(fields["text"]).removesuffix("\n")
    if fields["type"] == "error":
        return f"⚠ {fields['detail']}"
    return None
