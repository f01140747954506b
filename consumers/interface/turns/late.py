"""Replies to sockets that are gone. Nobody gets them, as in Channels 1.x; they are counted, and some are logged."""

import logging
import time

from proj.metrics.definitions import LATE_REPLIES
from proj.monotonic import NEVER

logger = logging.getLogger(__name__)

LOG_LATE_SECONDS = 10.0  # between two lines: code that keeps names of sockets may reply to many that are gone
NO_CONSUMER = "code of Channels 1.x"  # in place of a consumer's name: a view or a command


class LateReplies:
    """Counts the late replies of this process."""

    def __init__(self) -> None:
        self._logged_at = NEVER
        self._since = 0  # late replies since the last line

    def count(self, channel: str, consumer: str) -> None:
        """Count a reply of `consumer` to the socket `channel`."""
        LATE_REPLIES.inc()
        self._since += 1
        now = time.monotonic()
        if now - self._logged_at >= LOG_LATE_SECONDS:
            logger.info(
                "%s: a reply to %s, which is gone (late replies since the last such line: %d)",
                *(consumer or NO_CONSUMER, channel, self._since),
            )
            self._logged_at, self._since = now, 0
