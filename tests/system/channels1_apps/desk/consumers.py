import functools
import json
import time

from channels import Channel
from channels.auth import channel_session_user, channel_session_user_from_http
from desk.models import Visitor


class ClientError(Exception):
    pass


def catch_client_error(func):
    @functools.wraps(func)
    def inner(message, *args, **kwargs):
        try:
            return func(message, *args, **kwargs)
        except ClientError as error:
            message.reply_channel.send({"text": json.dumps({"error": str(error)})})

    return inner


@channel_session_user_from_http
def ws_connect(message):
    message.reply_channel.send({"accept": True})
    message.channel_session["queues"] = []


def ws_receive(message):
    payload = json.loads(message["text"])
    payload["reply_channel"] = message.content["reply_channel"]
    Channel("desk.receive").send(payload)


@channel_session_user
def ws_disconnect(message):
    for visitor in Visitor.objects.filter(reply_channel=message.reply_channel.name):
        visitor.group.send({"text": json.dumps({"gone": visitor.name})})
        visitor.delete()


@channel_session_user
@catch_client_error
def desk_join(message):
    queue = message["queue"]
    if not message.user.is_authenticated:
        raise ClientError("USER_HAS_TO_LOGIN")
    visitor = Visitor.objects.create(
        name=message.user.username, queue=queue, reply_channel=message.reply_channel.name
    )
    visitor.group.add(message.reply_channel)
    message.channel_session["queues"] = list(set(message.channel_session["queues"]).union([queue]))
    message.reply_channel.send({"text": json.dumps({"join": queue})})


@channel_session_user
@catch_client_error
def desk_send(message):
    if message["queue"] not in message.channel_session["queues"]:
        raise ClientError("ROOM_ACCESS_DENIED")
    visitor = Visitor.objects.get(reply_channel=message.reply_channel.name, queue=message["queue"])
    visitor.group.send({"text": json.dumps({"from": visitor.name, "message": message["message"]})})


@channel_session_user
def desk_report(message, size):
    Channel("reports.build").send({"reply_channel": message.reply_channel.name, "size": size})


def build_report(message):
    time.sleep(1)
    message.reply_channel.send({"text": json.dumps({"report": message.content["size"]})})
