from channels.routing import route_class
from tickets.bindings import Demultiplexer

channel_routing = [
    route_class(Demultiplexer, path=r"^/(?P<team>\w+)/$"),
]
