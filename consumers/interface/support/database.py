"""Database work for sockets: on a small pool of threads of its own, never in the event loop.

Channels' own way crosses to one thread that all sockets of the process share, so that one slow query holds up them all.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings
from django.db import close_old_connections

T = TypeVar("T")

_pool = ThreadPoolExecutor(settings.SOCKET_THREADS, thread_name_prefix="database")


async def ask(query: Callable[[], T]) -> T:
    """Call `query` on one of the pool's threads, each of which keeps its database connection, and return its result."""
    return await asyncio.get_running_loop().run_in_executor(_pool, _call, query)


def _call(query: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return query()
    finally:
        close_old_connections()
