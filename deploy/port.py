"""The process that listens on a port, unless it is one of this checkout."""

import socket
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.listen import sockets
from proj.addresses import IPAddress, ip_address, with_port

MAX_COMMAND_CHARACTERS = 120


@dataclass(frozen=True)
class Listener:
    """A listening socket; `pid` is None when only root can see its process."""

    address: IPAddress
    port: int
    pid: int | None


def listeners() -> list[Listener]:
    found = []
    for connection in psutil.net_connections(kind="tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr:
            address = ip_address(connection.laddr.ip.partition("%")[0])
            found.append(Listener(address, connection.laddr.port, connection.pid))
    return found


def conflict(here: str, port: int) -> list[Listener]:
    """Return the listeners that exclude another one on `here`: of the same address, or one of both is a wildcard."""
    wanted = ip_address(here)
    return [
        row
        for row in listeners()
        if row.port == port
        and (
            row.address == wanted
            or (wanted.is_unspecified and row.address.version == wanted.version)
            # A wildcard of IPv6 usually takes IPv4 as well.
            or (row.address.is_unspecified and row.address.version >= wanted.version)
        )
    ]


def describe(row: Listener) -> str:
    taken = f"port {row.port} is taken ({with_port(str(row.address), row.port)})"
    if row.pid is None:
        return f"{taken} by a process of another user that only root can name"
    try:
        command = " ".join(psutil.Process(row.pid).cmdline())
    except psutil.Error:
        command = "it has just ended"
    return f"{taken} by process {row.pid}: {command[:MAX_COMMAND_CHARACTERS]}"


def works_in(pid: int | None, root: Path) -> bool:
    """Return whether the process's working directory is `root`."""
    try:
        return pid is not None and psutil.Process(pid).cwd() == str(root)
    except psutil.Error:
        return False


def taken(root: Path, bind: str, port: int) -> str:
    """Return a sentence about the holder of the port; "" when the port is free or this checkout holds it."""
    return next(filter(None, (_taken(root, here, port) for here in sockets(bind))), "")


def _taken(root: Path, here: str, port: int) -> str:
    holders = conflict(here, port)
    for row in holders:
        if not works_in(row.pid, root):
            return describe(row)
    # The system can refuse a port without a listener as well: below 1024, or on an address that is not this host's.
    family = socket.AF_INET6 if ":" in here else socket.AF_INET
    if not holders:
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # as nginx does
            try:
                trial.bind((here, port))
            except OSError as error:
                return f"nothing can listen on {here} port {port}: {error.strerror}"
    return ""
