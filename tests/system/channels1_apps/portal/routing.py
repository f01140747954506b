from channels.routing import include, route
from channels.staticfiles import StaticFilesConsumer

channel_routing = [
    route("http.request", StaticFilesConsumer()),
    include("lobby.routing.lobby_routing", path=r"^/channel/lobby"),
    include("lobby.routing.room_routing", path=r"^/channel/rooms"),
    include("boards.routing.channel_routing", path=r"^/channel/boards"),
    include("tickets.routing.channel_routing", path=r"^/channel/tickets"),
    include("desk.routing.websocket_routing", path=r"^/channel/desk"),
    include("desk.routing.custom_routing"),
    include("boards.routing.custom_routing"),
]
