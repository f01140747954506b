"""Class consumers: one object for each message."""

from channels_legacy.generic.base import BaseConsumer

__all__ = ["BaseConsumer"]
