"""1.x's worker of delayed messages, for tests with a layer in memory. On a running stack the clock sends them."""

import logging
import signal
import time
from types import FrameType

from channels_legacy.asgi import ChannelLayerWrapper
from channels_legacy.delay.models import DelayedMessage
from channels_legacy.layers.delayed import DELAY_CHANNEL, read_delay
from proj.monotonic import NEVER

logger = logging.getLogger(__name__)

IDLE_PAUSE_SECONDS = 0.1


class Worker:
    """Keeps the messages that arrive on asgi.delay, and sends those that are due.

    Raise RuntimeError for the layer of a running stack.
    """

    def __init__(
        self, channel_layer: ChannelLayerWrapper, signal_handlers: bool = True, database_sleep_duration: float = 1
    ) -> None:
        if not channel_layer.local_only():
            raise RuntimeError("the clock sends delayed messages: this worker is for tests with a layer in memory")
        self.channel_layer = channel_layer
        self.signal_handlers = signal_handlers
        self.database_sleep_duration = database_sleep_duration
        self.termed: bool | int = False

    def install_signal_handler(self) -> None:
        """End the worker on TERM and INT."""
        signal.signal(signal.SIGTERM, self.sigterm_handler)
        signal.signal(signal.SIGINT, self.sigterm_handler)

    def sigterm_handler(self, signo: int, stack_frame: FrameType | None) -> None:
        """End the worker after its present step."""
        self.termed = True

    def run(self) -> None:
        """Work until the worker is asked to end, or an invalid message arrives."""
        if self.signal_handlers:
            self.install_signal_handler()
        checked_at = NEVER
        while not self.termed:
            channel, content = self.channel_layer.receive_many([DELAY_CHANNEL])
            if channel is None:
                time.sleep(IDLE_PAUSE_SECONDS)
            else:
                try:
                    DelayedMessage.objects.keep(read_delay(content))
                except (TypeError, ValueError) as error:
                    logger.error("invalid delayed message: %s", error)
                    break
            if time.monotonic() - checked_at > self.database_sleep_duration:
                for message in DelayedMessage.objects.is_due():
                    message.send(channel_layer=self.channel_layer)
                checked_at = time.monotonic()
