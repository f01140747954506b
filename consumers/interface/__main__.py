"""`python -m consumers.interface ...`: one interface process, with the options of the `daphne` command.

It runs on uvloop's event loop, which must be chosen before daphne is imported: daphne makes the loop at its import.
"""

import asyncio
from functools import partial
from typing import Any

import uvloop

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

from daphne.cli import CommandLineInterface  # noqa: E402


class CommandLine(CommandLineInterface):
    """Daphne's command with our server, which finishes the interface's work before it stops."""

    def load_asgi_app(self, asgi_app_path: str) -> Any:
        application = super().load_asgi_app(asgi_app_path)  # this sets Django up, which our server needs
        from consumers.interface.process import close_interface
        from consumers.interface.transport.server import Server

        self.server_class = partial(Server, finish=close_interface)
        return application


if __name__ == "__main__":
    CommandLine.entrypoint()
