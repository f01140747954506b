"""How much goes in and out: plain numbers, because a metric costs as much as a whole delivery may."""

import asyncio

from proj.metrics.definitions import RECEIVED_BYTES, RECEIVED_FRAMES, SENT_BYTES, SENT_FRAMES

PERIOD = 0.5  # seconds until the metrics know


class Traffic:
    """The frames and bytes of one process since the last report(). Whoever counts calls soon() now and then."""

    __slots__ = ("_timer", "received_bytes", "received_frames", "sent_bytes", "sent_frames")

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None
        self._nothing()

    def _nothing(self) -> None:
        self.received_frames = self.received_bytes = self.sent_frames = self.sent_bytes = 0

    def received(self, size: int) -> None:
        """A frame of `size` bytes came in."""
        self.received_frames += 1
        self.received_bytes += size
        self.soon()

    def sent(self, size: int) -> None:
        """A frame of `size` bytes goes out by the plain way."""
        self.sent_frames += 1
        self.sent_bytes += size
        self.soon()

    def soon(self) -> None:
        """Report within PERIOD."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PERIOD, self.report)

    def report(self) -> None:
        """Put what was counted into the metrics."""
        self._timer = None
        RECEIVED_FRAMES.inc(self.received_frames)
        RECEIVED_BYTES.inc(self.received_bytes)
        SENT_FRAMES.inc(self.sent_frames)
        SENT_BYTES.inc(self.sent_bytes)
        self._nothing()
