"""A small chat, written for Channels 1.x and brought over: only its import lines changed (docs/channels1.md)."""
