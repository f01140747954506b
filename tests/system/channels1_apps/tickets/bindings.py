from channels.binding.websockets import WebsocketBindingWithMembers
from channels.generic.websockets import JsonWebsocketConsumer, WebsocketDemultiplexer
from tickets.models import Ticket


class TicketBinding(WebsocketBindingWithMembers):
    model = Ticket
    stream = "tickets"
    fields = ["title", "team", "done"]
    send_members = ["sign"]

    @classmethod
    def group_names(cls, instance):
        return ["tickets-%s" % instance.team]

    def has_permission(self, user, action, pk):
        return user.is_authenticated and (action != "delete" or user.is_superuser)


class PingConsumer(JsonWebsocketConsumer):
    def connect(self, message, multiplexer=None, **kwargs):
        multiplexer.send({"hello": kwargs["team"]})

    def receive(self, content, multiplexer=None, **kwargs):
        multiplexer.send({"pong": content, "user": self.message.user.username})

    def disconnect(self, message, multiplexer=None, **kwargs):
        multiplexer.group_send("tickets-%s" % kwargs["team"], multiplexer.stream, {"left": message.user.username})


class Demultiplexer(WebsocketDemultiplexer):
    http_user = True
    consumers = {
        "tickets": TicketBinding.consumer,
        "ping": PingConsumer,
    }

    def connection_groups(self, **kwargs):
        return ["tickets-%s" % kwargs["team"]]
