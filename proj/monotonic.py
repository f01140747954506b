"""Constants for `time.monotonic()`, which begins near 0 when a host boots."""

import math

NEVER = -math.inf  # seconds: earlier than every reading; 0.0 would be a moment ago on a host that has just booted
