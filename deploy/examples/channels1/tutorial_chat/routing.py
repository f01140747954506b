"""The routing: the room is a part of the address, /channel/<room>/."""

from channels_legacy.routing import route
from tutorial_chat import consumers

ADDRESS = r"^/channel/(?P<room>[\w-]{1,40})/$"

channel_routing = [
    route("websocket.connect", consumers.connect, path=ADDRESS),
    route("websocket.receive", consumers.receive),
    route("websocket.disconnect", consumers.disconnect),
]
