"""The exceptions of Channels 1.x that a consumer raises or meets."""

from typing import Protocol

NORMAL_CLOSE_CODE = 1000
FIRST_CLOSE_CODE, LAST_CLOSE_CODE = 3000, 4999


class _ReplyChannel(Protocol):
    name: str

    def send(self, content: dict[str, int | bool]) -> None:
        """Send `content` to the socket."""


class _Answerable(Protocol):
    """A message, as far as the exceptions here answer it."""

    @property
    def reply_channel(self) -> _ReplyChannel | None:
        """Return the socket's channel."""


class InvalidChannelLayerError(ValueError):
    """The layer of this alias is not configured, or cannot be made."""


class ConsumeLater(Exception):
    """The message cannot be consumed yet and goes back to its channel."""


class ResponseLater(Exception):
    """Another consumer sends the response of this view."""


class RequestTimeout(Exception):
    """The body of a request did not arrive in time."""


class RequestAborted(Exception):
    """The client closed the connection while its request was read."""


class DenyConnection(Exception):
    """The consumer of a websocket.connect refuses the socket."""


class SendNotAvailableOnDemultiplexer(Exception):
    """A demultiplexer cannot send: its `multiplexer` argument can."""


class ChannelSocketException(Exception):
    """Base of the exceptions that act on a socket when a consumer raises them."""

    def run(self, message: _Answerable) -> None:
        """Act on the socket of `message`."""
        raise NotImplementedError


class WebsocketCloseException(ChannelSocketException):
    """The socket is closed with `code`: 1000, or 3000 to 4999."""

    def __init__(self, code: int | None = None) -> None:
        if code is not None and code != NORMAL_CLOSE_CODE and not FIRST_CLOSE_CODE <= code <= LAST_CLOSE_CODE:
            raise ValueError(f"invalid close code {code}: it must be 1000, or from 3000 to 4999")
        super().__init__(code)
        self._code = code

    def run(self, message: _Answerable) -> None:
        """Send the close to the socket. Raise ValueError when the message has none."""
        reply_channel = message.reply_channel
        if reply_channel is None or reply_channel.name.split(".")[0] != "websocket":
            raise ValueError("WebsocketCloseException is for consumers of a socket: this message came from none")
        reply_channel.send({"close": self._code or True})
