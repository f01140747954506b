"""A delayed message. Its row stays until a worker has performed the message, so that no kill of a process loses it."""

import json
from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from channels_legacy.asgi import DEFAULT_CHANNEL_LAYER, ChannelLayerWrapper, channel_layers
from channels_legacy.channel import Channel
from channels_legacy.layers.delayed import DELAY_CHANNEL, Delay
from channels_legacy.layers.protocol import ChannelFull

MAX_DELAYED_MESSAGES = 100_000


class DelayedMessageQuerySet(models.QuerySet["DelayedMessage"]):
    """Delayed messages, with the filters of 1.x."""

    def is_due(self) -> "DelayedMessageQuerySet":
        """Return those that are to be sent now."""
        return self.filter(due_date__lte=timezone.now())

    def keep(self, delay: Delay) -> "DelayedMessage":
        """Keep a message until it is due. Raise ChannelFull when too many wait."""
        if self.count() >= MAX_DELAYED_MESSAGES:
            raise ChannelFull(f"{DELAY_CHANNEL} is full: {MAX_DELAYED_MESSAGES:,} delayed messages wait")
        return self.create(channel_name=delay.channel, content=delay.content, delay=delay.delay_ms)


class DelayedMessage(models.Model):
    """A message for `channel_name`. Its content is the JSON text of a dictionary.

    The clock and the workers use the last three columns: see channels_legacy/delay/handing.py.
    """

    due_date = models.DateTimeField(db_index=True)
    channel_name = models.CharField(max_length=512)
    content = models.TextField()
    next_try_at = models.DateTimeField(db_index=True, editable=False)  # the clock hands the message over after it
    started = models.BooleanField(default=False, editable=False)  # a worker performs the message
    tries = models.PositiveSmallIntegerField(default=0, editable=False)  # how often a worker began

    objects = DelayedMessageQuerySet.as_manager()

    class Meta:
        app_label = "delay"
        db_table = "channels_delayed_message"

    def __str__(self) -> str:
        return f"{self.channel_name} at {self.due_date}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row; a new one is tried when it is due."""
        if self.next_try_at is None:
            self.next_try_at = self.due_date
        super().save(*args, **kwargs)

    @property
    def delay(self) -> float:
        """The milliseconds that were set last."""
        return self._delay

    @delay.setter
    def delay(self, milliseconds: float) -> None:
        self._delay = milliseconds
        self.due_date = self.next_try_at = timezone.now() + timedelta(milliseconds=milliseconds)

    def send(self, channel_layer: ChannelLayerWrapper | None = None, requeue_delay: float = 1000) -> None:
        """Send the message now and delete its row; on a full channel keep it for `requeue_delay` milliseconds."""
        layer = channel_layer or channel_layers[DEFAULT_CHANNEL_LAYER]
        try:
            Channel(self.channel_name, channel_layer=layer).send(json.loads(self.content), immediately=True)
        except layer.ChannelFull:
            self.delay = requeue_delay
            self.save()
        else:
            self.delete()
