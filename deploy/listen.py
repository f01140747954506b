"""The settings for nginx, read once, typed, from the environment and var/signalbox.env (see proj/env.py)."""

import os
import resource
from configparser import RawConfigParser
from dataclasses import dataclass
from pathlib import Path

from proj.addresses import Address, bracketed, ip_address, with_port
from proj.env import Settings, bind_address, networks, origins, prefixes, refuse, whole

ROOT = Path(__file__).resolve().parent.parent
UNLIMITED_FILES = 1_048_576


def sockets(bind: str) -> list[str]:
    """Return the addresses to listen on. `::` means every address of the host, so those of IPv4 as well.

    One socket for both families would show IPv4 clients as ::ffff:192.0.2.1, which fits no network that people name.
    """
    return ["0.0.0.0", "::"] if bind == "::" else [bind]  # noqa: S104 - the operator's choice


@dataclass(frozen=True)
class Listen:
    """nginx's address, server names, trusted proxies, certificate and limits."""

    bind: str
    port: int
    origins: list[str]
    trusted_proxies: list[str]
    certificate: str
    key: str
    redirect_port: int
    sockets: int
    address_requests: int
    address_connections: int
    channel_paths: tuple[str, ...] = ()  # of sockets of Channels 1.x code


def file(text: str) -> str:
    """A cast for a file that must be readable; empty means none."""
    if text and ('"' in text or "\\" in text or not os.access(text, os.R_OK)):
        raise ValueError("a file that can be read")
    return str(Path(text).resolve()) if text else ""


def host_urls(bind: str, port: int) -> str:
    """Return the default of SIGNALBOX_URLS for a host with this BIND and PORT."""
    where = ip_address(bind)
    if where.is_unspecified:
        hosts = ["127.0.0.1", "localhost", *(["::1"] if where.version == 6 else []), *own_names()]
    elif where.is_loopback:
        hosts = [bind, "localhost"]
    else:
        hosts = [bind]
    return ",".join(dict.fromkeys(str(Address.parse(f"http://{with_port(host, port)}")) for host in hosts))


def own_names() -> list[str]:
    """Return the names and addresses under which other hosts can reach this one, as far as it knows."""
    import socket

    names = [socket.gethostname(), socket.getfqdn()]
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((far, 9))  # sends nothing; it only selects the local address
                names.append(probe.getsockname()[0])
            except OSError:
                continue
    return [name for name in names if _usable(name)]


def _usable(name: str) -> bool:
    """Return whether a browser and Django accept this name: not with an underscore, for example."""
    try:
        Address.parse(f"http://{bracketed(name)}")
    except ValueError:
        return False
    return True


def read(root: Path = ROOT) -> Listen:
    setting = Settings(root / "var" / "signalbox.env").read
    bind = setting("SIGNALBOX_BIND", "127.0.0.1", bind_address)
    port = setting("SIGNALBOX_PORT", "8080", whole(1, 65535))
    found = Listen(
        bind=bind,
        port=port,
        origins=setting("SIGNALBOX_URLS", host_urls(bind, port), origins),
        # Proxies in front: their X-Forwarded-For and X-Forwarded-Proto are believed.
        trusted_proxies=setting("SIGNALBOX_TRUSTED_PROXIES", "", networks),
        certificate=setting("SIGNALBOX_TLS_CERTIFICATE", "", file),
        key=setting("SIGNALBOX_TLS_KEY", "", file),
        # With TLS in this nginx: a second port that only redirects to the https address; 0 for none.
        redirect_port=setting("SIGNALBOX_REDIRECT_PORT", "0", whole(0, 65535)),
        # The number of sockets that nginx is configured for; each costs it two connections and 18 kB.
        sockets=setting("SIGNALBOX_SOCKETS", "5000", whole(10, 1_000_000)),
        # For one client address. The limits are wide, because a whole office may share an address; 0 for no limit.
        address_requests=setting("SIGNALBOX_ADDRESS_REQUESTS", "500", whole(0, 100_000)),
        address_connections=setting("SIGNALBOX_ADDRESS_CONNECTIONS", "2000", whole(0, 1_000_000)),
        channel_paths=setting("SIGNALBOX_CHANNEL_PATHS", "/channel/", prefixes),
    )
    if bool(found.certificate) != bool(found.key):
        refuse("SIGNALBOX_TLS_CERTIFICATE and SIGNALBOX_TLS_KEY belong together; one of them is missing")
    return found


def interfaces(root: Path = ROOT) -> int:
    """Return the number of interface processes in supervisord.conf."""
    conf = RawConfigParser(inline_comment_prefixes=(";",), strict=False)
    conf.read(root / "supervisord.conf", encoding="utf-8")
    try:
        return conf.getint("program:interface", "numprocs", fallback=1)
    except ValueError:
        refuse("numprocs of [program:interface] in supervisord.conf must be a whole number")


def cores() -> int:
    return len(os.sched_getaffinity(0))


def descriptors() -> int:
    """Return the number of files that this process and the programs it execs may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return UNLIMITED_FILES if soft == resource.RLIM_INFINITY else soft
