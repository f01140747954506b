"""`python -m benchmarks.client.flooder JOB`: send one frame again and again, as fast as the server takes it.

It discards everything that it receives. When the server closes the socket, it reconnects and continues, until all
frames are sent. It prints a line when it begins, and a line with the result.
"""

import contextlib
import json
import select
import socket
import sys
import time
from typing import Any

from benchmarks.client.raw import enter, framed, knock

FRAMES_PER_WRITE = 100
SEND_BUFFER_BYTES = 16_384  # in the kernel: frames that never reach the server are no flood
SILENCE_SECONDS = 2.0  # without an answer, after which the server has read all frames
FLOOD_TIMEOUT_SECONDS = 60.0


def flood(connection: socket.socket, frame: bytes, count: int, end: float) -> int:
    """Send `count` frames, or fewer when the server closes the socket; return the number sent."""
    connection.setblocking(False)
    data = memoryview(frame * FRAMES_PER_WRITE)
    size = len(frame)
    total = size * count
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < total and time.monotonic() < end:
            readable, writable, _ = select.select([connection], [connection], [], 1.0)
            if readable and not connection.recv(1 << 16):
                break
            if writable:
                start = sent % len(data)
                sent += connection.send(data[start : start + total - sent])
    return sent // size


def listen(connection: socket.socket, end: float) -> None:
    """Read until the server is silent: closing earlier would discard frames that it has not read yet."""
    with contextlib.suppress(OSError):
        while time.monotonic() < end and select.select([connection], [], [], SILENCE_SECONDS)[0]:
            if not connection.recv(1 << 16):
                break


def main() -> None:
    job: dict[str, Any] = json.loads(sys.argv[1])
    frame = framed(job["frame"].encode())
    left = job["frames"]
    closed = refused = 0
    began = took = 0.0
    end = time.monotonic() + FLOOD_TIMEOUT_SECONDS
    while left and time.monotonic() < end:
        try:
            connection = knock(job["url"], job["path"], job["headers"])
        except OSError:
            refused += 1
            time.sleep(0.1)
            continue
        if not began:
            print("begins", flush=True)
            began = time.monotonic()
        with contextlib.closing(connection):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            enter(connection, map(str.encode, job["enter"]))
            left -= flood(connection, frame, left, end)
            took = time.monotonic() - began
            if not left:
                listen(connection, end)
        closed += left > 0
    print(json.dumps({"sent": job["frames"] - left, "seconds": round(took, 2), "closed": closed, "refused": refused}))


if __name__ == "__main__":
    main()
