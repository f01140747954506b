"""The private parts of redis-py that a wire uses. Tested with redis 8.1.0."""

import asyncio
from typing import Any

from redis.asyncio import ConnectionPool

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def opened_streams(pool: ConnectionPool) -> Streams:
    """Return the streams of a new connection of `pool`, after its handshake. The connection object lets go of them.

    Raise redis' ConnectionError or TimeoutError.
    """
    connection: Any = pool.make_connection()  # type: ignore[no-untyped-call]
    await connection.connect()
    streams = connection._reader, connection._writer
    connection._reader = connection._writer = None
    return streams
