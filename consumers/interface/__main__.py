"""`python -m consumers.interface ...`: daphne's own command, on uvloop's event loop.

The loop must be chosen before daphne is imported. `daphne proj.asgi:application` does the same on asyncio's loop, at
more CPU.
"""

import asyncio

import uvloop

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

from daphne.cli import CommandLineInterface  # noqa: E402

CommandLineInterface.entrypoint()
