from channels import route
from desk.consumers import build_report, desk_join, desk_report, desk_send, ws_connect, ws_disconnect, ws_receive

websocket_routing = [
    route("websocket.connect", ws_connect, path=r"^/stream/$"),
    route("websocket.receive", ws_receive, path=r"^/stream/$"),
    route("websocket.disconnect", ws_disconnect, path=r"^/stream/$"),
]

custom_routing = [
    route("desk.receive", desk_join, command="^join$"),
    route("desk.receive", desk_send, command="^send$"),
    route("desk.receive", desk_report, command="^report:(?P<size>small|large)$"),
    route("reports.build", build_report),
]
