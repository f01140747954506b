"""A WebSocket client with bad manners: the test decides when and how much it reads."""

import base64
import os
import socket
from pathlib import Path
from urllib.parse import quote, urlsplit


class RawClient:
    """A socket after its upgrade to WebSocket, with a small receive buffer."""

    def __init__(self, url: str, room: str, cookie: str, *, past_nginx: Path | None = None) -> None:
        where = urlsplit(url)
        self.socket = socket.socket(socket.AF_UNIX if past_nginx else socket.AF_INET)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(10)
        self.socket.connect(str(past_nginx) if past_nginx else (where.hostname, where.port))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET /ws/chat/{quote(room, safe='')}/ HTTP/1.1",
            f"Host: {where.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: signalbox.v1",
            f"Cookie: {cookie}",
        ]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(1)
        assert b" 101 " in answer.split(b"\r\n")[0], answer

    def say(self, text: str) -> None:
        """Send one masked text frame. Raises OSError when the connection is gone."""
        payload = text.encode()
        mask = os.urandom(4)
        size = len(payload)
        head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
        self.socket.sendall(head + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload)))

    def ended(self) -> bool:
        """Read the bytes that have arrived, and return whether the server has closed the connection."""
        self.socket.settimeout(0.05)
        try:
            while self.socket.recv(1 << 20):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        self.socket.close()
