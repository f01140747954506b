"""This interface process: its mailbox and its outbox."""

import asyncio

from consumers.interface.mailbox import Mailbox
from consumers.interface.outbox import Outbox


class Interface:
    """What the sockets of one process share."""

    def __init__(self) -> None:
        self.mailbox = Mailbox()
        self.outbox = Outbox(self.mailbox.process)


_interfaces: dict[asyncio.AbstractEventLoop, Interface] = {}


def interface() -> Interface:
    """The interface of the running event loop, made by the first socket."""
    loop = asyncio.get_running_loop()
    if loop not in _interfaces:
        _interfaces[loop] = Interface()
    return _interfaces[loop]
