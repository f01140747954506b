"""The order of a socket's messages in tests, as Channels 1.x enforced it. A stack hands out one turn of a socket at a
time, so its messages are in order without this.
"""

from collections.abc import Callable
from typing import TypeVar

from channels_legacy.message import Message

R = TypeVar("R")

NEXT_ORDER = "__channels_next_order"  # in the socket's session
ORIGINAL_CHANNEL = "original_channel"  # in the content of a message that waits


def consume_in_order(message: Message, consume: Callable[[], R]) -> R | None:
    """Call the consumer when it is the message's turn, else put the message aside until then, and return None.

    Raise ValueError for a message without `order`.
    """
    if "order" not in message:
        raise ValueError(
            "No `order` value in message: enforce_ordering is for messages of a socket; WSClient(ordered=True) sends it"
        )
    order, session = int(message["order"]), message.channel_session
    if order == session.get(NEXT_ORDER, 0):
        result = consume()
        session[NEXT_ORDER] = order + 1
        session.save()
        _take_back(message)
        return result
    layer = message.reply_channel.channel_layer  # type: ignore[union-attr]  # channel_session has looked
    layer.send(_waiting_channel(message), {**message.content, ORIGINAL_CHANNEL: message.channel.name})
    if order == session.load().get(NEXT_ORDER, 0):  # its turn has come meanwhile
        _take_back(message)
    return None


def _waiting_channel(message: Message) -> str:
    return f"__wait__.{message.reply_channel}".replace("!", "?")


def _take_back(message: Message) -> None:
    """Send the socket's waiting messages to their channels again; those that are early will wait once more."""
    layer = message.reply_channel.channel_layer  # type: ignore[union-attr]
    while (content := layer.receive_many([_waiting_channel(message)])[1]) is not None:
        layer.send(content.pop(ORIGINAL_CHANNEL), content)
