"""The addresses of sockets may not be those of pages."""

import pytest
from django.test import override_settings

from channels_legacy.support.addresses import check_addresses, is_taken


@pytest.mark.parametrize("path", ["/chat/", "/chat/stream/", "/runs/", "/admin/", "/static/", "/ws/", "/sign-in/"])
def test_addresses_of_pages_are_taken(path: str) -> None:
    assert is_taken(path)


@pytest.mark.parametrize("path", ["/channel/", "/deck/chat/", "/stream/", "/chats/"])
def test_other_addresses_are_free(path: str) -> None:
    assert not is_taken(path)


@override_settings(CHANNEL_PATHS=("/channel/", "/chat/"))
def test_the_check_names_the_path_and_the_setting() -> None:
    (error,) = check_addresses()
    assert error.msg == "SIGNALBOX_CHANNEL_PATHS names /chat/, where Signalbox has pages"
