"""A worker's work on one message: find the consumer, run it, send its replies."""

import enum
import logging
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import FrameType

from channels_legacy.asgi import ChannelLayerWrapper
from channels_legacy.exceptions import ChannelSocketException, ConsumeLater, DenyConnection
from channels_legacy.layers.protocol import Content
from channels_legacy.message import Message
from channels_legacy.routing import Match, connect_consumer
from channels_legacy.signals import consumer_finished, consumer_started, worker_ready
from channels_legacy.support.naming import dotted_name

logger = logging.getLogger(__name__)

CONNECT, RECEIVE, DISCONNECT = "websocket.connect", "websocket.receive", "websocket.disconnect"
HTTP_PREFIX = "http."
EMPTY_LAYER_PAUSE_SECONDS = 0.01


class Outcome(enum.StrEnum):
    """The end of one message: `later` wants to be performed again, `unmatched` has no consumer."""

    DONE = "done"
    UNMATCHED = "unmatched"
    LATER = "later"
    FAILED = "failed"


@dataclass(frozen=True)
class Performed:
    """One message that a worker performed: the dotted name of its consumer, and the exception of a failure."""

    consumer: str | None
    outcome: Outcome
    error: BaseException | None = None


def perform(channel: str, content: Content, layer: ChannelLayerWrapper) -> Performed:
    """Run the consumer of a message, and send the replies that it collected, also when it raises.

    A consumer may write to `content`. The caller sends a message again that ends with `later`.
    """
    message = Message(content, channel, layer)
    name = None
    try:
        match: Match | None = layer.router.match(message)
        if match is not None:
            name = dotted_name(match[0])
            return _run(message, match, name)
        return _run_unmatched(message)
    except (Exception, SystemExit) as error:
        logger.exception("the consumer %s failed on %s%s", name, channel, _socket(message))
        return Performed(name, Outcome.FAILED, error)


def _run(message: Message, match: Match, name: str) -> Performed:
    consumer, arguments = match
    outcome = Outcome.DONE
    try:
        consumer_started.send(sender=perform, environ={})
        consumer(message, **arguments)
    except DenyConnection as error:
        _deny(message, error)
    except ChannelSocketException as error:
        error.run(message)
    except ConsumeLater:
        outcome = Outcome.LATER
    finally:
        _finish()
    return Performed(name, outcome)


def _finish() -> None:
    """Send the signal to all its receivers, one of which sends the replies; then raise the first failure."""
    for _, failure in consumer_finished.send_robust(sender=perform):
        if isinstance(failure, Exception):
            raise failure


def _deny(message: Message, error: DenyConnection) -> None:
    if message.channel.name != CONNECT or message.reply_channel is None:
        raise ValueError(f"DenyConnection is for consumers of {CONNECT}, this message is {message.channel}") from error
    message.reply_channel.send({"close": True})


def _run_unmatched(message: Message) -> Performed:
    """Accept a socket that nobody routes; drop its frames; log other messages, which a team sent to no consumer."""
    channel = message.channel.name
    if channel == CONNECT:
        connect_consumer(message)
    elif channel not in (RECEIVE, DISCONNECT):
        logger.error("no route for a message on %s%s: check the routing", channel, _socket(message))
    return Performed(None, Outcome.UNMATCHED)


def _socket(message: Message) -> str:
    return f" (socket {message.reply_channel})" if message.reply_channel else ""


def consumed_channels(
    channels: Iterable[str], only: Sequence[str] | None = None, exclude: Sequence[str] | None = None
) -> list[str]:
    """Return the channels that a worker takes, which are never HTTP's: they fit `only` and not `exclude`, two globs."""
    names = sorted(set(channels))
    if passed_over := [name for name in names if name.startswith(HTTP_PREFIX)]:
        logger.info("the consumers of %s are passed over: HTTP belongs to uwsgi", ", ".join(passed_over))
    return _filtered([name for name in names if name not in passed_over], only, exclude)


def _filtered(channels: Iterable[str], only: Sequence[str] | None, exclude: Sequence[str] | None) -> list[str]:
    def fits(channel: str, patterns: Sequence[str]) -> bool:
        return any(fnmatchcase(channel, pattern) for pattern in patterns)

    return [
        channel
        for channel in channels
        if (not only or fits(channel, only)) and not (exclude and fits(channel, exclude))
    ]


class Worker:
    """1.x's worker over `receive_many` of a layer in memory. The workers of a stack call `perform` themselves."""

    def __init__(
        self,
        channel_layer: ChannelLayerWrapper,
        callback: Callable[[str, Message], object] | None = None,
        message_retries: int = 10,
        signal_handlers: bool = True,
        only_channels: Sequence[str] | None = None,
        exclude_channels: Sequence[str] | None = None,
    ) -> None:
        self.channel_layer = channel_layer
        self.callback = callback
        self.message_retries = message_retries
        self.signal_handlers = signal_handlers
        self.only_channels = only_channels
        self.exclude_channels = exclude_channels
        self.termed = False

    def install_signal_handler(self) -> None:
        """End the worker after its message on TERM and INT."""
        signal.signal(signal.SIGTERM, self.sigterm_handler)
        signal.signal(signal.SIGINT, self.sigterm_handler)

    def sigterm_handler(self, signo: int, stack_frame: FrameType | None) -> None:
        """End the worker after the message that it performs."""
        self.termed = True

    def apply_channel_filters(self, channels: Iterable[str]) -> list[str]:
        """Return the channels that the globs of this worker leave, in their order."""
        return _filtered(channels, self.only_channels, self.exclude_channels)

    def ready(self) -> None:
        """Send the signal `worker_ready`."""
        worker_ready.send(sender=self)

    def run(self) -> None:
        """Perform the messages of the layer until the worker is asked to end."""
        if self.signal_handlers:
            self.install_signal_handler()
        channels = consumed_channels(self.channel_layer.router.channels, self.only_channels, self.exclude_channels)
        while not self.termed:
            channel, content = self.channel_layer.receive_many(channels, block=True)
            if channel is None:
                time.sleep(EMPTY_LAYER_PAUSE_SECONDS)
            else:
                self._take(channel, content)

    def _take(self, channel: str, content: Content) -> None:
        if self.callback:
            self.callback(channel, Message(content, channel, self.channel_layer))
        if perform(channel, content, self.channel_layer).outcome != Outcome.LATER:
            return
        content["__retries__"] = tries = content.get("__retries__", 0) + 1
        if tries > self.message_retries:
            logger.warning("a message on %s was postponed %d times and is dropped", channel, self.message_retries)
        else:
            self.channel_layer.send(channel, content)
