"""Decorators that give consumers the session of their socket, and the web session of its handshake."""

import functools
from collections.abc import Callable
from importlib import import_module
from typing import ParamSpec, TypeVar, cast, overload

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from channels_legacy.asgi import channel_layers
from channels_legacy.handler import AsgiRequest
from channels_legacy.message import Message
from channels_legacy.state.arguments import message_in
from channels_legacy.state.ordering import consume_in_order
from channels_legacy.state.session import ChannelSession

P = ParamSpec("P")
R = TypeVar("R")


def session_for_reply_channel(reply_channel: str) -> ChannelSession:
    """Return the session of any open socket, without its sign-in; that of an unknown name is empty.

    Raise TimeoutError when an interface process does not answer within a second, and redis' errors.
    """
    return ChannelSession(reply_channel, channel_layers["default"].channel_layer, anywhere=True)


def channel_session(func: Callable[P, R]) -> Callable[P, R]:
    """Give the consumer `message.channel_session`, and keep the session's changes, also when the consumer raises.

    Raise ValueError for a message that came from no socket.
    """

    @functools.wraps(func)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        message = message_in(args, "channel_session")
        if getattr(message, "channel_session", None) is None:
            if message.reply_channel is None:
                raise ValueError("channel_session is for messages of a socket: this message has no reply_channel")
            layer = message.reply_channel.channel_layer.channel_layer
            message.channel_session = ChannelSession(message.reply_channel.name, layer)
        try:
            return func(*args, **kwargs)
        finally:
            if message.channel_session.modified:
                message.channel_session.save()

    return inner


def http_session(func: Callable[P, R]) -> Callable[P, R]:
    """Give the consumer `message.http_session`: the web session that the cookie of the handshake names, or None.

    Only the connect has a cookie. No session is begun; changes of one are kept unless the consumer raises.
    """

    @functools.wraps(func)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        message = message_in(args, "http_session")
        if not hasattr(message, "http_session"):
            message.http_session = _web_session(_session_key(message))
        result = func(*args, **kwargs)
        if message.http_session is not None and message.http_session.modified:
            message.http_session.save()
            message.http_session.modified = False
        return result

    return inner


def channel_and_http_session(func: Callable[P, R]) -> Callable[P, R]:
    """Give the consumer both sessions. The socket's session keeps the key of the web session for later messages."""

    @http_session
    @channel_session
    @functools.wraps(func)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        message = message_in(args, "channel_and_http_session")
        cookie, session = settings.SESSION_COOKIE_NAME, message.channel_session
        if message.http_session is None:
            message.http_session = _web_session(session.get(cookie))
        elif cookie not in session:
            session[cookie] = message.http_session.session_key
        return func(*args, **kwargs)

    return inner


@overload
def enforce_ordering(func: Callable[P, R], slight: bool = False) -> Callable[P, R]: ...
@overload
def enforce_ordering(func: None = None, slight: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def enforce_ordering(
    func: Callable[P, R] | None = None, slight: bool = False
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Give the consumer `message.channel_session`, as 1.x does. On a stack the order holds for every consumer.

    The layer in memory hands out messages as they were sent, so there a message that is early waits, as in 1.x;
    `slight` asks for nothing.
    """

    def decorate(consumer: Callable[P, R]) -> Callable[P, R]:
        @channel_session
        @functools.wraps(consumer)
        def inner(*args: P.args, **kwargs: P.kwargs) -> R:
            message = message_in(args, "enforce_ordering")
            if slight or message.reply_channel is None or not message.reply_channel.channel_layer.local_only():
                return consumer(*args, **kwargs)
            return cast(R, consume_in_order(message, lambda: consumer(*args, **kwargs)))

        return inner

    return decorate if func is None else decorate(func)


def _session_key(message: Message) -> str | None:
    """Return the web session's key from the cookie. A key in the address is not read: addresses end up in logs."""
    try:
        return AsgiRequest(message).COOKIES.get(settings.SESSION_COOKIE_NAME)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"http_session is for messages with a path and headers, this is none: {error!r}") from error


def _web_session(session_key: str | None) -> SessionBase | None:
    if not session_key:
        return None
    session: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(session_key=session_key)
    return session
