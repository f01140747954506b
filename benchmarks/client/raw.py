"""A WebSocket directly on a TCP socket, for clients that misbehave in ways that no library allows."""

import base64
import os
import socket
import struct
import time
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

TEXT = 0x81
SHORT_BYTES, MEDIUM_BYTES = 126, 65536  # payloads below these have a length of 7 or 16 bits


def framed(payload: bytes) -> bytes:
    """Return a text frame of a client, masked with zeros, which changes nothing."""
    size = len(payload)
    if size < SHORT_BYTES:
        head = struct.pack("!BB", TEXT, 0x80 | size)
    elif size < MEDIUM_BYTES:
        head = struct.pack("!BBH", TEXT, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", TEXT, 0x80 | 127, size)
    return head + bytes(4) + payload


def enter(connection: socket.socket, frames: Iterable[bytes]) -> None:
    """Send the frames without waiting for answers, but slowly enough for a server that answers each one."""
    for frame in frames:
        connection.sendall(framed(frame))
        time.sleep(0.2)


def knock(url: str, path: str, headers: Mapping[str, str], *, receive_buffer: int = 0) -> socket.socket:
    """Return a connected socket after the handshake. Raise OSError when it is refused. `receive_buffer`: bytes."""
    where = urlsplit(url)
    connection = socket.socket()
    try:
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(30.0)
        connection.connect((where.hostname, where.port))
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {where.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):  # byte by byte: the bytes after it belong to the WebSocket
            byte = connection.recv(1)
            if not byte:
                raise ConnectionError("closed during the handshake")
            answer += byte
        if not answer.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(answer.partition(b"\r\n")[0].decode())
    except OSError:
        connection.close()
        raise
    return connection
