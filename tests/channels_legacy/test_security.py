"""The check of a handshake's origin by decorators."""

from typing import Any

import pytest

from channels_legacy.exceptions import DenyConnection
from channels_legacy.message import Message
from channels_legacy.security.websockets import BaseOriginValidator, allowed_hosts_only
from channels_legacy.support.naming import dotted_name
from tests.channels_legacy.conftest import message


@pytest.fixture(autouse=True)
def _hosts(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["allowed.example", "[::1]"]


@allowed_hosts_only
def connect(one: Message) -> str:
    return "admitted"


def handshake(*headers: list[bytes], **content: Any) -> Message:
    return message("websocket.connect", headers=list(headers), **content)


@pytest.mark.parametrize("origin", [b"http://allowed.example", b"https://allowed.example:8443", b"http://[::1]:8080"])
def test_an_allowed_origin_is_admitted(origin: bytes) -> None:
    assert connect(handshake([b"host", b"x"], [b"origin", origin])) == "admitted"


@pytest.mark.parametrize(
    "origin", [b"http://other.example", b"http://allowed.example.evil", b"", b"null", b"http://[", "http://ä".encode()]
)
def test_another_or_malformed_origin_is_denied(origin: bytes) -> None:
    with pytest.raises(DenyConnection):
        connect(handshake([b"origin", origin]))


def test_a_handshake_without_origin_or_headers_is_denied() -> None:
    for one in (handshake(), handshake([b"origin"]), message("websocket.connect")):
        with pytest.raises(DenyConnection):
            connect(one)


def test_the_decorator_works_on_methods_and_keeps_names() -> None:
    class Consumers:
        @allowed_hosts_only
        def connect(self, one: Message, room: str) -> str:
            return room

    assert Consumers().connect(handshake([b"origin", b"http://allowed.example"]), room="7") == "7"
    assert dotted_name(connect) == f"{__name__}.connect"


def test_a_team_has_validators_of_its_own() -> None:
    class Https(BaseOriginValidator):
        def validate_origin(self, message: Message, origin: str) -> bool:
            return origin.startswith("https:")

    assert Https(lambda _: "admitted")(handshake([b"origin", b"https://any.example"])) == "admitted"
    with pytest.raises(DenyConnection):
        Https(lambda _: "admitted")(handshake([b"origin", b"http://any.example"]))
    with pytest.raises(NotImplementedError):
        BaseOriginValidator(lambda _: None)(handshake([b"origin", b"https://any.example"]))
