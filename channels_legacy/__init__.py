"""Channels 1.x for the workers of Signalbox: function and class consumers, groups, sessions of sockets.

The names are those of Channels 1.1.8, so that a team changes its import lines only (docs/channels1.md).
"""

from channels_legacy.asgi import DEFAULT_CHANNEL_LAYER, channel_layers
from channels_legacy.channel import Channel, Group
from channels_legacy.routing import include, route, route_class

__all__ = ["DEFAULT_CHANNEL_LAYER", "Channel", "Group", "channel_layers", "include", "route", "route_class"]
__version__ = "1.1.8"
