"""The routing: the first part of the address names the consumers, the second one the room."""

from benchmarks.channels1 import consumers
from channels_legacy.routing import route

ECHO, SESSION, GROUP = r"^/channel/echo/", r"^/channel/session/", r"^/channel/group/"

channel_routing = [
    route("websocket.connect", consumers.connect, path=ECHO),
    route("websocket.receive", consumers.echo, path=ECHO),
    route("websocket.connect", consumers.begin, path=SESSION),
    route("websocket.receive", consumers.count, path=SESSION),
    route("websocket.connect", consumers.join, path=GROUP + r"(?P<room>[\w-]+)/$"),
    route("websocket.receive", consumers.speak, path=GROUP),
    route("websocket.disconnect", consumers.leave, path=GROUP),
]
