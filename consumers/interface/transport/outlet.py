"""Where the mailbox puts what one socket is to hear."""

import itertools
import random
import time
from collections.abc import Iterable
from typing import Any

from django.conf import settings

from consumers.interface.transport.frame import Frame
from consumers.interface.transport.line import Line

_numbers = itertools.count(1)


class Outlet:
    """One socket's end. While it catches up (`held`), live frames wait; then they follow without hole or repeat.

    Nothing here waits for the browser: order and completeness need no locks.
    """

    __slots__ = ("held", "id", "line", "name", "plain", "room", "seq", "service", "session", "until", "user_id")

    def __init__(self, line: Line, user_id: int, name: str, *, plain: bool, session: str = "") -> None:
        self.id = next(_numbers)
        self.line = line
        self.user_id = user_id
        self.name = name
        self.session = session
        self.plain = plain
        self.room = 0
        self.service = 0  # of the runs that it shows
        self.seq = 0  # the newest event that was written
        self.held: list[tuple[int, Frame]] | None = []
        # no socket lives for ever; those of one moment do not end in one moment
        self.until = time.monotonic() + settings.SOCKET_HOURS * 3600 * random.uniform(0.8, 1.0)  # noqa: S311

    def write(self, frame: Frame) -> None:
        """Write a frame of the protocol, in the client's form."""
        if not self.plain:
            self.line.write(frame)
        elif (text := frame.plain) is not None:
            self.line.write(text)

    def tell(self, **fields: Any) -> None:
        """Write a frame that is for this socket alone."""
        self.write(Frame.of(fields))

    def event(self, seq: int, frame: Frame) -> None:
        """Write event `seq`, now or after catching up, unless it was written before."""
        if self.held is not None:
            self.held.append((seq, frame))
        elif seq > self.seq:
            self.seq = seq
            self.write(frame)

    def replay(self, texts: Iterable[str]) -> None:
        """Write events that were read from the log, to whom catches up."""
        for text in texts:
            self.write(Frame(text))

    def hold(self) -> None:
        """Keep live frames back until release()."""
        if self.held is None:
            self.held = []

    def release(self, seq: int) -> None:
        """The socket has everything up to `seq`: let what was held back follow."""
        self.seq = seq
        waiting, self.held = self.held or [], None
        for number, frame in waiting:
            self.event(number, frame)
