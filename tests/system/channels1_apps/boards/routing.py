from boards.consumers import BoardConsumer, Recount, ScoreConsumer
from channels import route_class

channel_routing = [
    ScoreConsumer.as_route(path=r"^/scores/$", attrs={"greeting": "hello"}),
    route_class(BoardConsumer, path=r"^/(?P<name>[\w-]+)/$"),
]

custom_routing = [route_class(Recount)]
