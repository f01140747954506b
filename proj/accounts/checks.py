"""What `manage.py check --deploy` says about how people reach this place."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


def is_loopback(host: str) -> bool:
    """Whether `host` can only be this very machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@register(Tags.security, deploy=True)
def addresses_without_tls(**_: Any) -> list[CheckMessage]:
    """signalbox.W001: passwords and session cookies cross a network in the clear."""
    bare = [
        address
        for address in settings.ADDRESSES
        if address.startswith("http:") and not is_loopback(urlsplit(address).hostname or "")
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
