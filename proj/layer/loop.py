"""One event loop in a thread, for synchronous callers of the layer.

`async_to_sync` makes a new loop and a new Redis connection for each call (2.65 ms instead of 0.47 ms). The first call
in a process starts the thread, so it never starts before uWSGI has forked.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}  # by process: a process may fork after its first call


def _running_loop() -> asyncio.AbstractEventLoop:
    with _lock:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="layer", daemon=True).start()
        return loop


def run(coroutine: Coroutine[Any, Any, T], timeout: float) -> T:
    """Run `coroutine` in the loop's thread and return its result. Raise TimeoutError after `timeout` seconds."""
    future = asyncio.run_coroutine_threadsafe(coroutine, _running_loop())
    try:
        return future.result(timeout)
    except TimeoutError:
        future.cancel()
        raise
