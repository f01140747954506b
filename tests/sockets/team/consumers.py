"""Consumers in the form of Channels 1.x: functions that get a message. A frame's text names what is done with it."""

import os
import time
from pathlib import Path
from typing import Any

from channels_legacy import Channel, Group
from channels_legacy.sessions import session_for_reply_channel

DISCONNECTS = Path(os.environ.get("TEAM_FOLDER", "/nowhere")) / "disconnects"


def connect(message: Any) -> None:
    path = message["path"]
    if path.endswith("/deny/"):
        message.reply_channel.send({"accept": False})
    elif path.endswith("/boom/"):
        raise RuntimeError("boom")
    elif not path.endswith("/silent/"):
        message.reply_channel.send({"accept": True})
        Group(path).add(message.reply_channel)
        message.reply_channel.send({"text": f"welcome to {path} of version {os.environ.get('TEAM_VERSION', '1')}"})


def receive(message: Any) -> None:
    verb, _, rest = message["text"].partition(" ")
    if verb == "count":
        layer, name = message.channel_layer, message.reply_channel.name
        session = layer.session(name)
        session["count"] = session.get("count", 0) + 1
        layer.save_session(name, session)
        message.reply_channel.send({"text": str(session["count"])})
    elif verb == "group":
        Group(message["path"]).send({"text": rest})
    elif verb == "own":
        Channel("own.thing").send({"reply_channel": message.reply_channel.name, "thing": rest})
    elif verb == "later":
        content = {"reply_channel": message.reply_channel.name, "thing": rest}
        Channel("asgi.delay").send({"channel": "own.thing", "content": content, "delay": 100})
        message.reply_channel.send({"text": "later"})
    elif verb in ("members", "name", "peek"):
        message.reply_channel.send({"text": found(message, verb, rest)})
    elif verb == "slow":
        message.reply_channel.send({"text": "begun"}, immediately=True)
        time.sleep(float(rest))
        message.reply_channel.send({"text": "over"})
    elif verb == "die":
        os.kill(os.getpid(), 9)
    elif verb == "raise":
        raise RuntimeError(rest)
    elif verb == "large":
        message.reply_channel.send({"text": "x" * int(rest)})
    elif verb == "close":
        message.reply_channel.send({"text": "bye", "close": int(rest)})
    else:
        message.reply_channel.send({"text": f"{message['order']} {message['text']}"})


def found(message: Any, verb: str, name: str) -> str:
    if verb == "members":
        return " ".join(message.channel_layer.group_channels(name))
    if verb == "name":
        return str(message.reply_channel.name)
    session = session_for_reply_channel(name)
    count = session.get("count")
    session["count"] = 40
    session.save()
    return str(count)


def own(message: Any) -> None:
    deadly = DISCONNECTS.parent / message["thing"]
    if message["thing"].startswith("die-") and not deadly.exists():
        deadly.touch()
        os.kill(os.getpid(), 9)
    message.reply_channel.send({"text": f"own {message['thing']}"})


def disconnect(message: Any) -> None:
    with DISCONNECTS.open("a") as file:
        file.write(f"{message['path']} {message['code']}\n")
