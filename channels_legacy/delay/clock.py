"""The job of the clock for delayed messages of Channels 1.x code."""

from channels_legacy.delay.handing import hand_over_due

# seconds between two calls, and the function
JOBS = ((1.0, hand_over_due),)
