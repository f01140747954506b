"""The consumers: an echo, an echo with a session, and a chat in the form of the oldest documents."""

from channels_legacy import Group
from channels_legacy.sessions import channel_session


def connect(message):
    """Accept every socket at once."""
    message.reply_channel.send({"accept": True})


def echo(message):
    """Send the text back."""
    message.reply_channel.send({"text": message["text"]})


@channel_session
def begin(message):
    """Accept the socket, and begin to count its texts."""
    message.channel_session["said"] = 0
    message.reply_channel.send({"accept": True})


@channel_session
def count(message):
    """Count the text in the session, and send it back."""
    message.channel_session["said"] += 1
    message.reply_channel.send({"text": message["text"]})


@channel_session
def join(message, room):
    """Accept the socket, and add it to the group of its room."""
    message.channel_session["room"] = room
    message.reply_channel.send({"accept": True})
    Group(f"room-{room}").add(message.reply_channel)


@channel_session
def speak(message):
    """Send the text to the room."""
    Group(f"room-{message.channel_session['room']}").send({"text": message["text"]})


@channel_session
def leave(message):
    """Remove the socket from its room."""
    Group(f"room-{message.channel_session['room']}").discard(message.reply_channel)
