"""Delayed messages of Channels 1.x code: rows, which the clock hands to the workers when they are due."""
