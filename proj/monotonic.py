"""Constants for `time.monotonic()`, which begins near 0 on a host that booted a moment ago."""

import math

NEVER = -math.inf  # seconds: earlier than every reading, where 0.0 would be minutes ago on a fresh host
