"""Access to the metrics: from a trusted address, or with the token."""

import hmac

from django.conf import settings
from django.http import HttpRequest

from proj.addresses import ip_address


def may_read(request: HttpRequest) -> bool:
    """Return whether the request comes from a trusted address or carries the token."""
    return _from_trusted_address(request) or _with_token(request)


def _from_trusted_address(request: HttpRequest) -> bool:
    # nginx sets it for a request through a proxy that it does not know: the address is then the proxy's.
    if request.META.get("UNKNOWN_PROXY"):
        return False
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in network for network in settings.METRICS_FROM)


def _with_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not settings.METRICS_TOKEN or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
