import json

from channels import Group
from channels.auth import channel_session_user, channel_session_user_from_http
from channels.sessions import channel_session


# The lobby: the form of the first documents, which knew no handshake.
def ws_add(message):
    Group("lobby").add(message.reply_channel)


def ws_echo(message):
    Group("lobby").send({"text": "[lobby] %s" % message.content["text"]})


def ws_gone(message):
    Group("lobby").discard(message.reply_channel)


# The rooms: the name of the room is kept in the session of the socket.
@channel_session_user_from_http
def ws_connect(message):
    room = message["path"].strip("/").split("/")[-1]
    message.channel_session["room"] = room
    message.channel_session["said"] = []
    Group("room-%s" % room).add(message.reply_channel)
    Group("room-%s" % room).send({"text": json.dumps({"event": "join", "user": str(message.user)})})


@channel_session
@channel_session_user
def ws_message(message):
    message.channel_session["said"] = message.channel_session["said"] + [message["text"]]
    Group("room-%s" % message.channel_session["room"]).send(
        {
            "text": json.dumps(
                {"event": "say", "user": message.user.username, "said": message.channel_session["said"]}
            ),
        }
    )


@channel_session_user
def ws_disconnect(message):
    group = Group("room-%s" % message.channel_session["room"])
    group.discard(message.reply_channel)
    group.send(
        {
            "text": json.dumps(
                {"event": "leave", "user": message.user.username, "said": len(message.channel_session["said"])}
            ),
        }
    )
