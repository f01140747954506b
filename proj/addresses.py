"""Addresses of hosts, and of an installation as browsers write it. Host and port are joined and split here only."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_HOST_CHARACTERS = 253
# Django refuses a Host header with any other character.
LABEL = re.compile(r"[a-z0-9-]{1,63}")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Address:
    """An origin: `host` is in the form of a URL, lower case, with punycode, and an IPv6 address in brackets."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Return the address `scheme://host[:port]`. Raise ValueError when it is anything else."""
        url = urlsplit(text)
        if url.scheme not in DEFAULT_PORTS or url.path or url.query or url.fragment or url.username is not None:
            raise ValueError("not an address like https://host:port")
        port = DEFAULT_PORTS[url.scheme] if url.port is None else url.port
        if port == 0 or not url.hostname:
            raise ValueError("not an address of a host")
        literal = url.netloc.startswith("[")
        return cls(url.scheme, f"[{_ipv6(url.hostname)}]" if literal else _host(url.hostname), port)

    @property
    def authority(self) -> str:
        """`host`, with the port unless it is the scheme's own: the Host header of a browser."""
        return self.host if self.port == DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


def bracketed(host: str) -> str:
    """Return a host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def with_port(host: str, port: int) -> str:
    """Return `host:port` for logs and for nginx."""
    return f"{bracketed(host)}:{port}"


def ip_address(text: str) -> IPAddress:
    """Return the address in `text`, brackets or not. An IPv4 address inside an IPv6 one is the IPv4 address.

    Raise ValueError when it is none, or when it holds a zone, which nginx and browsers cannot use.
    """
    found = ipaddress.ip_address(text[1:-1] if text.startswith("[") and text.endswith("]") else text)
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id:
            raise ValueError("an address with a zone")
        return found.ipv4_mapped or found
    return found


def _ipv6(text: str) -> str:
    """Return an IPv6 address as browsers write it."""
    found = ipaddress.IPv6Address(text)
    if found.scope_id:
        raise ValueError("an address with a zone")
    if found.ipv4_mapped:  # later Pythons write ::ffff:192.0.2.1
        number = int(found.ipv4_mapped)
        return f"::ffff:{number >> 16:x}:{number & 0xFFFF:x}"
    return str(found)


def _host(name: str) -> str:
    """Return a host name or an IPv4 address as browsers send it: UTS 46 without transitional rules, then punycode."""
    if not name.isascii():
        # On demand: its tables cost 10 ms and 2 MB, and most installations have a plain name.
        import idna

        name = idna.uts46_remap(name, std3_rules=False, transitional=False)
    labels = [_label(label) for label in name.lower().removesuffix(".").split(".")]
    host = ".".join(labels)
    if len(host) > MAX_HOST_CHARACTERS or not all(map(LABEL.fullmatch, labels)):
        raise ValueError("not the name of a host")
    # Browsers read a name that ends in a number as an IPv4 address, in any of its old spellings.
    return str(ipaddress.IPv4Address(host)) if NUMBER.fullmatch(labels[-1]) else host


def _label(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"
