"""Sends delayed messages: those of a socket to its interface process, and the others to the queues of the workers."""

import json
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from channels_legacy.delay.models import DelayedMessage
from channels_legacy.layers.protocol import Content
from channels_legacy.layers.stack import is_loose, is_socket
from proj.layer.messages import ChannelAct, Turn, packed
from proj.layer.turns import queue_missing, received

DELAYED_KEY = "__delayed__"  # in the content on its way: the number of the row
GONE_AFTER = timedelta(seconds=30)  # overdue: an interface process that receives nothing for so long has ended


async def send_due(messages: Sequence[DelayedMessage], delivered: list[int], undelivered: list[int]) -> None:
    """Send messages that the caller has claimed. Raise redis' errors.

    `delivered` gets the numbers of rows to delete: replies, which no worker performs. `undelivered` gets those to try
    again soon, because nobody received them.
    """
    turns: list[Turn] = []
    for message in messages:
        content: Content = json.loads(message.content)
        if is_socket(message.channel_name):
            if await received(ChannelAct("reply", message.channel_name, content=packed(content))) or _is_late(message):
                delivered.append(message.pk)
            else:
                undelivered.append(message.pk)
            continue
        content[DELAYED_KEY] = message.pk
        socket = content.get("reply_channel")
        if not isinstance(socket, str) or not is_socket(socket) or is_loose(message.channel_name):
            turns.append(Turn(channel=message.channel_name, contents=[packed(content)]))
        elif not await received(ChannelAct("once", socket, message.channel_name, packed(content))):
            if _is_late(message):  # the socket is gone, the message is not
                turns.append(Turn(channel=message.channel_name, contents=[packed(content)]))
            else:
                undelivered.append(message.pk)
    await queue_missing(turns)


def _is_late(message: DelayedMessage) -> bool:
    return timezone.now() - message.due_date > GONE_AFTER
