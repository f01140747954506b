"""The consumers: people of one room hear each other, and each socket counts what it has said in its session."""

from channels_legacy import Group
from channels_legacy.auth import channel_session_user, channel_session_user_from_http


@channel_session_user_from_http
def connect(message, room):
    """Let a signed-in person in, and tell the others."""
    if not message.user.is_authenticated:
        message.reply_channel.send({"accept": False})
        return
    message.channel_session["room"] = room
    message.channel_session["said"] = 0
    message.reply_channel.send({"accept": True})
    Group(f"tutorial-{room}").add(message.reply_channel)
    Group(f"tutorial-{room}").send({"text": f"{message.user.username} came in"})


@channel_session_user
def receive(message):
    """Pass on what somebody says."""
    message.channel_session["said"] += 1
    number = message.channel_session["said"]
    Group(f"tutorial-{message.channel_session['room']}").send(
        {"text": f"{message.user.username} ({number}): {message['text']}"}
    )


@channel_session_user
def disconnect(message):
    """Tell the others. The socket has left its groups by itself, but 1.x code says so."""
    if "room" in message.channel_session:
        group = Group(f"tutorial-{message.channel_session['room']}")
        group.discard(message.reply_channel)
        group.send({"text": f"{message.user.username} went out"})
