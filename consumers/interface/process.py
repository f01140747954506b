"""This interface process: what its sockets share."""

import asyncio

from consumers.interface.chat.outbox import Outbox
from consumers.interface.feeds import reading
from consumers.interface.feeds.mailbox import Mailbox
from consumers.interface.support.gathering import Gathering


class Interface:
    """One for each event loop: in daphne, one for the process."""

    def __init__(self) -> None:
        self.mailbox = Mailbox()
        self.outbox = Outbox(self.mailbox.process)
        self.arrivals: Gathering[reading.Arrival, reading.Missed] = Gathering(reading.arrived)

    async def close(self) -> None:
        """Hand over what people have said, and say that nobody is here any more."""
        await self.outbox.empty()
        await self.mailbox.close()


_interfaces: dict[asyncio.AbstractEventLoop, Interface] = {}


def interface() -> Interface:
    """The interface of the running event loop, made by the first socket."""
    loop = asyncio.get_running_loop()
    if loop not in _interfaces:
        _interfaces[loop] = Interface()
    return _interfaces[loop]


async def close_interface() -> None:
    """Close the interface of the running event loop, if a socket ever made it."""
    made = _interfaces.get(asyncio.get_running_loop())
    if made is not None:
        await made.close()
