"""The outgoing side of one socket."""

import itertools
import random
import time
from typing import Any

from django.conf import settings

from consumers.interface.transport.frame import Frame
from consumers.interface.transport.line import Line

_numbers = itertools.count(1)


class Outlet:
    """One socket's outgoing side: the line to its browser, the person, and the place that the socket shows.

    Nothing here waits for the browser: order and completeness need no locks.
    """

    __slots__ = ("expires_at", "id", "line", "name", "plain", "room", "service", "session", "user_id")

    def __init__(self, line: Line, user_id: int, name: str, *, plain: bool, session: str = "") -> None:
        self.id = next(_numbers)
        self.line = line
        self.user_id = user_id
        self.name = name
        self.session = session
        self.plain = plain  # the client speaks no subprotocol
        self.room = 0  # the id of the room that the socket shows; 0: none
        self.service = 0  # the id of the service with the runs that it shows; 0: none
        # No socket lives for ever; the sockets of one moment do not end in one moment. Seconds of the monotonic clock.
        lifetime = settings.SOCKET_HOURS * 3600 * random.uniform(0.8, 1.0)  # noqa: S311
        self.expires_at = time.monotonic() + lifetime

    def write(self, frame: Frame) -> None:
        """Write a frame of the protocol, in the client's form."""
        if not self.plain:
            self.line.write(frame)
        elif (plain_frame := frame.plain) is not None:
            self.line.write(plain_frame)

    def send(self, **fields: Any) -> None:
        """Write a frame with these fields, which is for this socket alone."""
        self.write(Frame.of(fields))
