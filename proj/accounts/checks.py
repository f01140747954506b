"""The system check of the addresses at which people reach this installation (`manage.py check --deploy`)."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register

from proj.addresses import Address, ip_address


def is_loopback(host: str) -> bool:
    """Return whether `host` can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@register(Tags.security, deploy=True)
def addresses_without_tls(**_: Any) -> list[CheckMessage]:
    """Return signalbox.W001 when passwords and session cookies cross a network in clear text."""
    bare = [
        address
        for address in settings.ADDRESSES
        if address.startswith("http:") and not is_loopback(Address.parse(address).host)
    ]
    if not bare:
        return []
    return [
        Warning(
            f"{', '.join(bare)} is reached over a network without TLS: passwords and sessions can be read on the way.",
            hint="Serve it by https and write https:// in SIGNALBOX_URLS.",
            id="signalbox.W001",
        )
    ]
