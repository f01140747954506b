"""Many sockets at once."""

import asyncio

import pytest

from tests.system.client import hear, knock
from tests.system.stack import Stack

pytestmark = pytest.mark.system


async def test_a_burst_of_handshakes_is_let_in_whole(stack: Stack) -> None:
    """Twisted's `-u` listens with a backlog of 50: nginx then answers 502 to a burst of a hundred."""
    cookie = await asyncio.to_thread(stack.sign_in, "alice")
    sockets = await asyncio.gather(*(knock(stack.url, "lobby", cookie) for _ in range(300)))
    await asyncio.gather(*(hear(socket, "welcome", seconds=60) for socket in sockets))
    await asyncio.gather(*(socket.close() for socket in sockets))
