"""The client to which failed sign-in attempts are counted."""

import ipaddress

from django.http import HttpRequest

from proj.addresses import ip_address

IPV6_CLIENT_BITS = 64  # one subscriber has at least this network, and may use any address of it


def client(request: HttpRequest) -> str | None:
    """Return the client's IPv4 address, or the network of its IPv6 address; None without an address.

    Only the connection's address counts: nginx puts the client's there, from the headers of trusted proxies alone.
    """
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return None
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, IPV6_CLIENT_BITS), strict=False).network_address)
