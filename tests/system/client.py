"""A client of a room, like the browser's page: it resends until a message is acknowledged, reconnects, catches up."""

import asyncio
import json
import random
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.typing import Origin, Subprotocol

from proj.monotonic import NEVER

RESEND_SECONDS = 3.0  # without an acknowledgement
FRAMES_PER_SECOND = 8.0  # a little below the server's limit, as for the browser's page
BURST_SECONDS = 4.0  # of that rate, which may go out at once
TROUBLE = (ConnectionClosed, InvalidHandshake, InvalidMessage, OSError, TimeoutError, EOFError)


async def knock(
    url: str, room: str, cookie: str, *, protocol: bool = True, query: str = "", origin: str | None = None
) -> ClientConnection:
    """Open a socket to `room` at `url` (http://host:port), with the session of `cookie`."""
    return await connect(
        f"{url.replace('http', 'ws', 1)}/ws/chat/{quote(room, safe='')}/{query}",
        additional_headers={"Cookie": cookie} if cookie else {},
        subprotocols=[Subprotocol("signalbox.v1")] if protocol else None,
        origin=Origin(origin or url),
        open_timeout=30,
        proxy=None,
        max_size=None,
    )


async def hear(socket: ClientConnection, *kinds: str, seconds: float = 20) -> dict[str, Any]:
    """Return the next frame of one of these types, and skip others."""
    async with asyncio.timeout(seconds):
        while True:
            frame: dict[str, Any] = json.loads(await socket.recv())
            if frame.get("type") in kinds:
                return frame


async def close_code(socket: ClientConnection) -> int:
    """Read the socket to its end, and return its close code."""
    try:
        async with asyncio.timeout(20):
            while True:
                await socket.recv()
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        return closed.rcvd.code


class Client:
    """One page, open on one room. `events` are the frames of the room's log that it has received, in order."""

    def __init__(self, url: str, room: str, cookie: str) -> None:
        self.url, self.room, self.cookie = url, room, cookie
        self.epoch = ""
        self.seq = 0
        self.events: list[dict[str, Any]] = []
        self.pending: dict[str, str] = {}  # client_id -> text
        self.acknowledged: dict[str, int] = {}  # client_id -> seq
        self.refused: list[dict[str, Any]] = []
        self.connections = 0
        self.close_codes: list[int] = []  # 1006 where the server sent none
        self.trouble: list[str] = []  # why it could not connect, each time
        self.faults: list[str] = []  # gaps, repeats and resets, which must never happen
        self.live = asyncio.Event()
        self._due: dict[str, float] = {}  # client_id -> time of the next attempt, on the monotonic clock
        self._pace = NEVER  # time of the next frame without a burst, on the monotonic clock
        self._socket: ClientConnection | None = None
        self._task = asyncio.ensure_future(self._live())

    async def post(self, text: str) -> str:
        """Post a message, and return its client_id. It stays pending until it is acknowledged."""
        client_id = str(uuid.uuid4())
        self.pending[client_id] = text
        await self._send()
        return client_id

    async def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until `condition()` is true. Raise AssertionError with the connection's story after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():  # noqa: ASYNC110 - of anything, not of one event
                    await asyncio.sleep(0.02)
        except TimeoutError:
            story = f"{self.connections} connections, closed with {self.close_codes}, could not connect: {self.trouble}"
            raise AssertionError(f"waited {seconds} s in vain: {story}, {len(self.pending)} messages pending") from None

    async def close(self) -> None:
        """Close the page, and reconnect no more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def _send(self) -> None:
        """Send the messages that are due, the oldest first, as far as the rate allows."""
        for client_id, text in list(self.pending.items()):
            now = time.monotonic()
            if self._socket is None or not self.live.is_set() or self._pace > now + BURST_SECONDS:
                return
            if client_id not in self.pending or self._due.get(client_id, now) > now:
                continue
            self._pace = max(self._pace, now) + 1 / FRAMES_PER_SECOND
            self._due[client_id] = now + RESEND_SECONDS
            try:
                await self._socket.send(json.dumps({"message": text, "client_id": client_id}))
            except TROUBLE:
                return  # the reader sees it too, and reconnects

    async def _live(self) -> None:
        wait = 0.2
        while True:
            try:
                query = f"?epoch={self.epoch}&seq={self.seq}" if self.epoch else ""
                self._socket = await knock(self.url, self.room, self.cookie, query=query)
                self.connections += 1
                wait = 0.2
                with suppress(*TROUBLE):
                    await self._listen(self._socket)
                self.close_codes.append(self._socket.close_code or 1006)
            except TROUBLE as error:
                self.trouble.append(repr(error))
            finally:
                self.live.clear()
            await asyncio.sleep(random.uniform(0, wait))
            wait = min(wait * 2, 3.0)

    async def _listen(self, socket: ClientConnection) -> None:
        resend = asyncio.ensure_future(self._resend())
        try:
            async for text in socket:
                await self._receive(socket, json.loads(text))
        finally:
            resend.cancel()

    async def _resend(self) -> None:
        self._due.clear()  # this connection has sent nothing yet
        await self.live.wait()
        while True:
            await self._send()
            await asyncio.sleep(0.5)

    async def _receive(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        if kind == "welcome":
            if not self.epoch:
                self.epoch, self.seq = frame["epoch"], frame["seq"]
            self.live.set()
        elif kind == "reset":
            self.faults.append(f"reset: {frame}")
        elif kind == "ack":
            self._acknowledge(frame["client_id"], frame["seq"])
        elif kind == "error":
            self.refused.append(frame)
            self._due[frame.get("client_id", "")] = time.monotonic() + frame.get("retry_after", RESEND_SECONDS)
        elif kind == "head" and frame["seq"] > self.seq:
            await socket.send(json.dumps({"type": "resume", "epoch": self.epoch, "seq": self.seq}))
        elif "seq" in frame and kind not in ("head", "seen"):
            self._event(frame)

    def _event(self, frame: dict[str, Any]) -> None:
        if frame["seq"] != self.seq + 1:
            self.faults.append(f"{frame['seq']} came after {self.seq}")
        self.seq = frame["seq"]
        self.events.append(frame)
        self._acknowledge(frame["client_id"], frame["seq"])

    def _acknowledge(self, client_id: str, seq: int) -> None:
        if self.pending.pop(client_id, None) is not None:
            self.acknowledged[client_id] = seq
