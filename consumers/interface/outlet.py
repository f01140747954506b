"""Where the mailbox puts what one socket is to hear."""

import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any

_numbers = itertools.count(1)


def plain(frame: str) -> str | None:
    """What a client without subprotocol hears of a frame: `{"message": text}` of a message, otherwise nothing."""
    event = json.loads(frame)
    if event["type"] == "message.posted" and "deleted" not in event:
        return json.dumps({"message": event["text"]}, ensure_ascii=False)
    if event["type"] == "error":
        return json.dumps({"message": f"⚠ {event['detail']}"}, ensure_ascii=False)
    return None


class Outlet:
    """One socket's end. While it catches up (`held`), live frames wait; then they follow without hole or repeat."""

    __slots__ = ("held", "id", "name", "plain", "room", "send", "seq", "user_id")

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]], user_id: int, name: str, *, plain: bool):
        self.id = next(_numbers)
        self.send = send
        self.user_id = user_id
        self.name = name
        self.plain = plain
        self.room = 0
        self.seq = 0  # the newest event that was written
        self.held: list[tuple[int, str]] | None = []

    async def write(self, frame: str) -> None:
        """Write a frame of the protocol, in the client's form."""
        text = plain(frame) if self.plain else frame
        if text is not None:
            await self.send({"type": "websocket.send", "text": text})

    async def event(self, seq: int, frame: str) -> None:
        """Write event `seq`, now or after catching up, unless it was written before."""
        if self.held is not None:
            self.held.append((seq, frame))
        elif seq > self.seq:
            self.seq = seq
            await self.write(frame)

    def hold(self) -> None:
        """Keep live frames back until release()."""
        if self.held is None:
            self.held = []

    async def release(self, seq: int) -> None:
        """The socket has everything up to `seq`: let what was held back follow."""
        self.seq = seq
        while self.held:
            waiting, self.held = self.held, []
            for number, frame in waiting:
                if number > self.seq:
                    self.seq = number
                    await self.write(frame)
        self.held = None

    async def close(self, code: int) -> None:
        """Close the socket with a code of the protocol."""
        await self.send({"type": "websocket.close", "code": code})
