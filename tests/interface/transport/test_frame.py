"""A frame's bytes are those of RFC 6455, for any client."""

import json

import pytest
from websockets.frames import Frame as Reference
from websockets.frames import Opcode

from consumers.interface.transport.frame import Frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_the_wire_form_is_what_another_library_writes(size: int) -> None:
    text = "x" * size
    assert Frame(text).wire == Reference(Opcode.TEXT, text.encode()).serialize(mask=False)


def test_sizes_are_those_of_the_bytes() -> None:
    text = "语" * 42
    assert Frame(text).wire == Reference(Opcode.TEXT, text.encode()).serialize(mask=False)


def test_a_plain_client_hears_texts_only() -> None:
    def heard(**fields: object) -> object:
        plain = Frame(json.dumps(fields)).plain
        return plain and json.loads(plain.text)

    assert heard(type="message.posted", text="ü", seq=1) == {"message": "ü"}
    assert heard(type="message.posted", text="", seq=1, deleted="2026-01-01") is None
    assert heard(type="message.edited", text="x", seq=2) is None
    assert heard(type="presence", here=[]) is None
    assert heard(type="error", detail="No.") == {"message": "⚠ No."}
