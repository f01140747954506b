"""Sockets of Channels 1.x code on a stack, and the way of a team's code there."""

import asyncio
import contextlib
import io
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from tests.system.stack import Stack

FRAME_SECONDS = 20.0


def bring_over(folder: Path) -> dict[str, Any]:
    """Change the import lines of the apps, and return the report about the changed tree."""
    out = io.StringIO()
    with contextlib.suppress(SystemExit):  # the status 1: there is something to look at
        call_command("bring_over", str(folder), "--write", "--yes", "--json", stdout=out)
    report: dict[str, Any] = json.loads(out.getvalue())
    assert report["written"] and not report["changes"]
    return report


class Sockets:
    """Opens sockets of one test, and closes them at its end."""

    def __init__(self, stack: Stack, exits: AsyncExitStack) -> None:
        self._stack = stack
        self._exits = exits

    async def open(self, path: str, person: str = "") -> "Socket":
        cookie = {"Cookie": self._stack.sign_in(person)} if person else {}
        opening = connect(
            f"{self._stack.url.replace('http', 'ws', 1)}/channel/{path}",
            additional_headers=cookie,
            origin=Origin(self._stack.url),
            open_timeout=30,
            proxy=None,
        )
        return Socket(await self._exits.enter_async_context(opening))


class Socket:
    """A browser's side of a socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, value: str | bytes | dict[str, Any]) -> None:
        await self.connection.send(json.dumps(value) if isinstance(value, dict) else value)

    async def frame(self) -> str | bytes:
        return await asyncio.wait_for(self.connection.recv(), FRAME_SECONDS)

    async def json(self) -> Any:
        return json.loads(await self.frame())

    async def closed(self) -> int | None:
        with pytest.raises(ConnectionClosed):
            await self.frame()
        return self.connection.close_code
