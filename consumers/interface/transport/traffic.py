"""Counters of the frames and bytes in and out: plain numbers, because a metric costs as much as a delivery may."""

import asyncio

from proj.metrics.definitions import RECEIVED_BYTES, RECEIVED_FRAMES, SENT_BYTES, SENT_FRAMES

REPORT_SECONDS = 0.5  # from a count to the metrics


class Traffic:
    """The frames and bytes of one process since the last report(). Code that counts calls schedule_report()."""

    __slots__ = ("_timer", "received_bytes", "received_frames", "sent_bytes", "sent_frames")

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None
        self._reset()

    def _reset(self) -> None:
        self.received_frames = self.received_bytes = self.sent_frames = self.sent_bytes = 0

    def received(self, size: int) -> None:
        """Count an incoming frame of `size` bytes."""
        self.received_frames += 1
        self.received_bytes += size
        self.schedule_report()

    def sent(self, size: int) -> None:
        """Count a frame of `size` bytes that daphne sends."""
        self.sent_frames += 1
        self.sent_bytes += size
        self.schedule_report()

    def schedule_report(self) -> None:
        """Have report() called within REPORT_SECONDS."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(REPORT_SECONDS, self.report)

    def report(self) -> None:
        """Add the counts to the metrics, and begin at zero."""
        self._timer = None
        RECEIVED_FRAMES.inc(self.received_frames)
        RECEIVED_BYTES.inc(self.received_bytes)
        SENT_FRAMES.inc(self.sent_frames)
        SENT_BYTES.inc(self.sent_bytes)
        self._reset()
