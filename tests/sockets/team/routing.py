"""The routing of a team's Channels 1.x code, for test_channels1.py."""

from tests.sockets.team import consumers

channel_routing = {
    "websocket.connect": consumers.connect,
    "websocket.receive": consumers.receive,
    "websocket.disconnect": consumers.disconnect,
    "own.thing": consumers.own,
}
