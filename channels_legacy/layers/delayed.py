"""The channel asgi.delay: messages that are sent later. They are rows of the app channels_legacy.delay until then."""

import json
from typing import NamedTuple

from django.apps import apps

from channels_legacy.layers.contents import check_content, check_name
from channels_legacy.layers.protocol import Content

DELAY_CHANNEL = "asgi.delay"
MAX_DELAY_MS = 366 * 24 * 3600 * 1000
DELAYED_MODEL: str = "delay.DelayedMessage"
DELAY_KEYS = ("channel", "content", "delay")


class Delay(NamedTuple):
    """A message that is sent later: its channel, its content as JSON text, and the milliseconds until then."""

    channel: str
    content: str
    delay_ms: float


def read_delay(content: Content) -> Delay:
    """Return the delayed message in the content of one for asgi.delay.

    Raise TypeError for a part that is missing or of another type, ValueError for a delay that is out of bounds.
    """
    if missing := [key for key in DELAY_KEYS if key not in content]:
        raise TypeError(
            f"cannot send to {DELAY_CHANNEL}: {', '.join(missing)} is missing; "
            'the content is {"channel": name, "content": {...}, "delay": milliseconds}'
        )
    channel, inner, delay_ms = (content[key] for key in DELAY_KEYS)
    check_name(channel, "channel")
    if channel == DELAY_CHANNEL:
        raise ValueError(f"cannot send to {DELAY_CHANNEL}: a delayed message cannot be delayed again; add the delays")
    if not isinstance(inner, dict):
        raise TypeError(f"cannot send to {DELAY_CHANNEL}: the content must be a dict, not {type(inner).__name__}")
    if isinstance(delay_ms, bool) or not isinstance(delay_ms, int | float):
        raise TypeError(f"cannot send to {DELAY_CHANNEL}: the delay must be a number of milliseconds, not {delay_ms!r}")
    if not 0 <= delay_ms <= MAX_DELAY_MS:
        raise ValueError(f"cannot send to {DELAY_CHANNEL}: the delay must be 0 to {MAX_DELAY_MS:,} ms, not {delay_ms}")
    check_content(inner, channel)
    try:
        return Delay(channel, json.dumps(inner), delay_ms)
    except TypeError as error:
        raise TypeError(f"cannot send to {DELAY_CHANNEL}: the content is kept as JSON: {error}") from None


def keep_until_due(content: Content) -> None:
    """Keep a message for asgi.delay in the database. Raise TypeError, ValueError, ChannelFull, and database errors."""
    delay = read_delay(content)
    # By its name: the models of an app cannot be imported before all apps are there.
    apps.get_model(DELAYED_MODEL).objects.keep(delay)
