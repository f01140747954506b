"""A room that is open in this process: its sockets, its head, and what came too early."""

import asyncio
from collections.abc import Iterable

from consumers.interface.chat.presence import Presence
from consumers.interface.transport.frame import Frame
from consumers.interface.transport.line import SLICE_SOCKETS
from consumers.interface.transport.outlet import Outlet


class OpenRoom:
    """Delivers a room's events to its sockets in the order of `seq`, without a hole.

    Two processes may publish 5 and 6 the wrong way round, or 5 may be lost: what is ahead waits for what is before it.
    """

    def __init__(self, id: int) -> None:
        self.id = id
        self.outlets: set[Outlet] = set()
        self.presence = Presence()
        self.head: int | None = None  # the newest event delivered; None until somebody read the log
        self.epoch = ""
        self.ahead: dict[int, Frame] = {}
        self.subscribed = asyncio.Event()
        self.filling = False

    @property
    def behind(self) -> bool:
        """Whether events wait for one that has not come."""
        return self.head is not None and bool(self.ahead)

    def misses(self, seq: int) -> bool:
        """Whether event `seq` has not come yet."""
        return self.head is not None and seq > self.head and seq not in self.ahead

    def arrived(self, events: Iterable[tuple[int, str]]) -> None:
        """Events came over the layer or from the log: their `seq` and their frames' texts."""
        for seq, text in events:
            if self.head is None or seq > self.head:
                self.ahead[seq] = Frame(text)
        self._deliver()

    def read_up_to(self, seq: int, epoch: str) -> None:
        """Somebody has read the log up to `seq`; the first one to do so says where this room stands."""
        if self.head is None:
            self.head, self.epoch = seq, epoch
            self.ahead = {number: frame for number, frame in self.ahead.items() if number > seq}
            self._deliver()

    def begin_anew(self, seq: int, epoch: str) -> None:
        """The log is another one: everyone who is not about to read it anyway must."""
        self.head, self.epoch, self.ahead = seq, epoch, {}
        frame = Frame.of({"type": "reset", "epoch": epoch, "seq": seq})
        for outlet in self.outlets:
            if outlet.held is None:
                outlet.write(frame)
                outlet.seq = seq

    def flash(self, frame: Frame) -> None:
        """Write a frame that is not kept to everyone who is not busy catching up."""
        for outlet in self.outlets:
            if outlet.held is None and not outlet.plain:
                outlet.write(frame)

    def _deliver(self) -> None:
        """Write what follows the head to every socket: all of it at once, since each has its own place in memory."""
        if self.head is None:
            return
        first = self.head + 1
        frames = []
        while (frame := self.ahead.pop(self.head + 1, None)) is not None:
            self.head += 1
            frames.append(frame)
        if not frames:
            return
        last, wire = self.head, b"".join([frame.wire for frame in frames])
        at_once = len(self.outlets) <= SLICE_SOCKETS  # more are left to who flushes the lines, in slices
        for outlet in self.outlets:
            if at_once and outlet.seq == first - 1 and outlet.held is None and not outlet.plain:
                outlet.seq = last
                outlet.line.write_now(frames, wire)
            else:
                for seq, frame in enumerate(frames, first):
                    outlet.event(seq, frame)
