"""`python -m consumers.interface ...`: one interface process, with the options of the `daphne` command.

It runs on uvloop's event loop, which must be chosen before daphne is imported: daphne makes the loop at its import.
"""

import asyncio
import os
from functools import partial

import django
import uvloop

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
os.environ["SIGNALBOX_ROLE"] = "interface"  # the settings keep a team's Channels 1.x code away from it
django.setup()

from daphne.cli import CommandLineInterface  # noqa: E402

from consumers.interface.process import close_interface  # noqa: E402
from consumers.interface.transport.server import Server  # noqa: E402


class CommandLine(CommandLineInterface):
    """Daphne's command with our server, which finishes the interface's work before it stops."""

    server_class = staticmethod(partial(Server, finish=close_interface))  # a partial alone is a method on Python 3.14


if __name__ == "__main__":
    CommandLine.entrypoint()
