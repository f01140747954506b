"""The rates at which one socket, and one person, may send."""

import time

from django.conf import settings

MAX_BUCKETS = 1000  # of people, before those that are full are dropped


class TokenBucket:
    """Allows `rate` frames a second, and `burst` of them at once. A rate of 0 allows everything."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self._tokens = burst
        self._refilled_at = time.monotonic()

    @property
    def full(self) -> bool:
        """Whether the bucket is as full as a new one would be."""
        return self._tokens + (time.monotonic() - self._refilled_at) * self.rate >= self.burst

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


class PersonRate:
    """How often one person may do something in a minute, on all sockets of this process. It needs no other process.

    `setting` names the number of times; 0 allows everything.
    """

    def __init__(self, setting: str) -> None:
        self._setting = setting
        self._buckets: dict[int, TokenBucket] = {}

    def take(self, user_id: int) -> float:
        """Count one more time; return 0.0, or the seconds until it is allowed again."""
        per_minute: int = getattr(settings, self._setting)
        bucket = self._buckets.get(user_id)
        if bucket is None:
            if len(self._buckets) >= MAX_BUCKETS:
                self._buckets = {id: bucket for id, bucket in self._buckets.items() if not bucket.full}
            bucket = self._buckets[user_id] = TokenBucket(per_minute / 60, per_minute)
        return bucket.take()


reactions = PersonRate("REACTIONS_PER_MINUTE")
edits = PersonRate("EDITS_PER_MINUTE")
