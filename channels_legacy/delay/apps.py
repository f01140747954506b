"""The app of delayed messages. It is installed only where a routing is named."""

from django.apps import AppConfig


class DelayConfig(AppConfig):
    """Has the table of delayed messages, and a job of the clock."""

    name = "channels_legacy.delay"
    label = "delay"
    verbose_name = "Channels 1.x: delayed messages"
