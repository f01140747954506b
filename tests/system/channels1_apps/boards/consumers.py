import json

from channels import Channel, Group
from channels.exceptions import DenyConnection, WebsocketCloseException
from channels.generic import BaseConsumer
from channels.generic.websockets import JsonWebsocketConsumer, WebsocketConsumer


class BoardConsumer(WebsocketConsumer):
    http_user = True
    strict_ordering = True

    def connection_groups(self, **kwargs):
        return ["board-%s" % kwargs["name"], "boards"]

    def connect(self, message, **kwargs):
        if not message.user.is_authenticated:
            raise DenyConnection()
        super(BoardConsumer, self).connect(message, **kwargs)
        self.send(text="welcome to %s, %s" % (self.kwargs["name"], self.message.user.username))

    def receive(self, text=None, bytes=None, **kwargs):
        if bytes is not None:
            self.send(bytes=bytes[::-1])
        elif text == "bye":
            self.send(text="bye", close=4001)
        elif text == "away":
            self.close(4002)
        elif text == "throw":
            raise WebsocketCloseException(4003)
        elif text == "recount":
            Channel("boards.recount").send({"reply_channel": self.message.reply_channel.name, "board": kwargs["name"]})
        else:
            self.group_send("board-%s" % self.kwargs["name"], text="%s: %s" % (self.message.user.username, text))

    def disconnect(self, message, **kwargs):
        Group("boards").send({"text": "%s left %s at %s" % (message.user.username, kwargs["name"], self.path)})


class ScoreConsumer(JsonWebsocketConsumer):
    http_user_and_session = True
    groups = ["scores"]
    greeting = "nothing"

    def raw_connect(self, message, **kwargs):
        message.channel_session["frames"] = 0
        super(ScoreConsumer, self).raw_connect(message, **kwargs)

    def connect(self, message, **kwargs):
        self.message.reply_channel.send({"accept": True})
        self.send({"GREETING": self.greeting})

    def raw_receive(self, message, **kwargs):
        message.channel_session["frames"] += 1
        super(ScoreConsumer, self).raw_receive(message, **kwargs)

    def receive(self, content, **kwargs):
        message = self.message
        if "keep" in content:
            message.http_session["score"] = content["keep"]
        self.send(
            {
                "USER": message.user.username,
                "SCORE": message.http_session.get("score"),
                "FRAMES": message.channel_session["frames"],
            }
        )
        if "tell" in content:
            self.group_send("scores", {"TOLD": content["tell"]})

    @classmethod
    def encode_json(cls, content):
        return json.dumps(dict((key.lower(), content[key]) for key in content))


class Recount(BaseConsumer):
    method_mapping = {"boards.recount": "recount"}
    channel_session_user = True

    def recount(self, message, **kwargs):
        text = "%s recounted %s" % (message.user.username, message["board"])
        message.reply_channel.send({"text": text})
