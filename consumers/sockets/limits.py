"""The rates at which one socket may send."""

import time


class TokenBucket:
    """Allows `rate` frames a second, and `burst` of them at once. A rate of 0 allows everything."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self._tokens = burst
        self._refilled_at = time.monotonic()

    def take(self) -> float:
        """Take one token; return 0.0, or the seconds until there is a token again."""
        if not self.rate:
            return 0.0
        now = time.monotonic()
        self._tokens = min(self.burst, self._tokens + (now - self._refilled_at) * self.rate)
        self._refilled_at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self.rate
