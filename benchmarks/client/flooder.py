"""`python -m benchmarks.client.flooder JOB`: send one frame again and again, as fast as the server takes it.

It reads and forgets what it is told. When it is closed it comes back and goes on, until all frames are sent.
Prints a line when it begins, and one with what happened.
"""

import contextlib
import json
import select
import socket
import sys
import time
from typing import Any

from benchmarks.client.raw import enter, framed, knock

AT_ONCE = 100  # frames in one write
BUFFER = 16_384  # bytes that may wait in the kernel: what was sent but never reached the server is no flood
SILENCE = 2.0  # seconds without an answer, after which the server has taken what was sent
LIMIT = 60.0  # seconds


def flood(connection: socket.socket, frame: bytes, count: int, end: float) -> int:
    """Send `count` frames, or as many as go until it is closed; how many went."""
    connection.setblocking(False)
    data = memoryview(frame * AT_ONCE)
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
    """Hear the server out: leaving earlier would take back what it has not read yet."""
    with contextlib.suppress(OSError):
        while time.monotonic() < end and select.select([connection], [], [], SILENCE)[0]:
            if not connection.recv(1 << 16):
                break


def main() -> None:
    job: dict[str, Any] = json.loads(sys.argv[1])
    frame = framed(job["frame"].encode())
    left = job["frames"]
    closed = refused = 0
    began = took = 0.0
    end = time.monotonic() + LIMIT
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
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
            enter(connection, map(str.encode, job["enter"]))
            left -= flood(connection, frame, left, end)
            took = time.monotonic() - began
            if not left:
                listen(connection, end)
        closed += left > 0
    print(json.dumps({"sent": job["frames"] - left, "seconds": round(took, 2), "closed": closed, "refused": refused}))


if __name__ == "__main__":
    main()
