"""Who listens on a port, unless it is this checkout.

Reads /proc, so that a host needs neither ss nor lsof. Standard library only.
"""

import ipaddress
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from deploy.takeover import link, opened, pids

LISTEN = "0A"


@dataclass(frozen=True)
class Listener:
    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int
    uid: int
    inode: str


def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The kernel prints an address as 32-bit words of the host's byte order, in hexadecimal."""
    words = struct.unpack(f">{len(text) // 8}I", bytes.fromhex(text))
    found = ipaddress.ip_address(struct.pack(f"={len(words)}I", *words))
    return getattr(found, "ipv4_mapped", None) or found


def listeners() -> list[Listener]:
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in map(str.split, rows):
            if row[3] == LISTEN:
                place, _, port = row[1].partition(":")
                found.append(Listener(address(place), int(port, 16), int(row[7]), row[9]))
    return found


def conflict(here: str, port: int) -> list[Listener]:
    """Who listens where a listener on `here` could not: the same address, or one of the two is every address."""
    wanted = ipaddress.ip_address(here)
    return [
        row
        for row in listeners()
        if row.port == port
        and (
            row.address == wanted
            or (wanted.is_unspecified and row.address.version == wanted.version)
            # a wildcard of IPv6 usually takes IPv4 as well
            or (row.address.is_unspecified and row.address.version >= wanted.version)
        )
    ]


def holders(inode: str) -> list[int]:
    """The processes that have this socket open, as far as we may look."""
    return sorted(pid for pid in pids() if f"socket:[{inode}]" in opened(pid))


def describe(row: Listener, found: list[int]) -> str:
    where = f"{row.address}:{row.port}"
    if not found:
        return f"port {row.port} is taken ({where}) by a process of user {row.uid} that only root can name"
    try:
        command = Path(f"/proc/{found[0]}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        command = "it has just ended"
    return f"port {row.port} is taken ({where}) by process {found[0]}: {command[:120]}"


def taken(root: Path, here: str, port: int) -> str:
    """A sentence about who holds the port; nothing when it is free or this checkout's own."""
    for row in conflict(here, port):
        found = holders(row.inode)
        if not any(link(f"/proc/{pid}/cwd") == str(root) for pid in found):
            return describe(row, found)
    # A port that nobody listens on can still be refused: below 1024, or an address that is not this host's.
    family = socket.AF_INET6 if ":" in here else socket.AF_INET
    if not conflict(here, port):
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((here, port))
            except OSError as error:
                return f"nothing can listen on {here} port {port}: {error.strerror}"
    return ""
