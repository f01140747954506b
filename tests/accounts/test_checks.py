"""signalbox.W001: addresses that carry passwords in the clear."""

import pytest
from pytest_django import Settings

from proj.accounts.checks import addresses_without_tls


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8080", "http://127.3.2.1", "http://[::1]:8080", "http://localhost", "https://ops.example.org"],
)
def test_tls_and_this_very_machine_are_fine(settings: Settings, address: str) -> None:
    settings.ADDRESSES = [address]
    assert addresses_without_tls() == []


@pytest.mark.parametrize(
    "address", ["http://ops.example.org", "http://10.0.0.5:8080", "http://[fd00::1]", "http://ops"]
)
def test_an_address_on_a_network_without_tls_is_warned_of(settings: Settings, address: str) -> None:
    settings.ADDRESSES = ["http://127.0.0.1:8080", address]
    (warning,) = addresses_without_tls()
    assert warning.id == "signalbox.W001"
    assert address in warning.msg
    assert "127.0.0.1" not in warning.msg
