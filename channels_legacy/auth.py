"""Decorators that give consumers `message.user`, from the session of the socket or of the web.

The user is looked up at its first use, with the checks of Django's own sessions.
"""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.contrib import auth
from django.contrib.sessions.backends.base import SessionBase

from channels_legacy.message import Message
from channels_legacy.sessions import channel_and_http_session, channel_session, http_session
from channels_legacy.state.arguments import message_in
from channels_legacy.state.user import lazy_user

__all__ = [
    "channel_and_http_session",
    "channel_and_http_session_user_from_http",
    "channel_session",
    "channel_session_user",
    "channel_session_user_from_http",
    "http_session",
    "http_session_user",
    "transfer_user",
]

P = ParamSpec("P")
R = TypeVar("R")

USER_KEYS = (auth.BACKEND_SESSION_KEY, auth.SESSION_KEY, auth.HASH_SESSION_KEY)


def transfer_user(from_session: SessionBase, to_session: SessionBase) -> None:
    """Copy the sign-in of one session to another. A session without a complete sign-in changes nothing."""
    if all(key in from_session for key in USER_KEYS):
        for key in USER_KEYS:
            to_session[key] = from_session[key]


def channel_session_user(func: Callable[P, R]) -> Callable[P, R]:
    """Give the consumer the session of its socket, and the user of that session."""

    @channel_session
    @functools.wraps(func)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        message = message_in(args, "channel_session_user")
        message.user = lazy_user(message.channel_session)
        return func(*args, **kwargs)

    return inner


def http_session_user(func: Callable[P, R]) -> Callable[P, R]:
    """Give the consumer the web session of the handshake, and the user of that session."""

    @http_session
    @functools.wraps(func)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        message = message_in(args, "http_session_user")
        message.user = lazy_user(message.http_session)
        return func(*args, **kwargs)

    return inner


def channel_session_user_from_http(func: Callable[P, R]) -> Callable[P, R]:
    """Copy the user of the web session to the session of the socket, and give the consumer both."""

    @http_session_user
    @channel_session
    @functools.wraps(func)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        _carry_over(message_in(args, "channel_session_user_from_http"))
        return func(*args, **kwargs)

    return inner


def channel_and_http_session_user_from_http(func: Callable[P, R]) -> Callable[P, R]:
    """Copy the user of the web session to that of the socket; later messages find the web session again too."""

    @http_session_user
    @channel_and_http_session
    @functools.wraps(func)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        _carry_over(message_in(args, "channel_and_http_session_user_from_http"))
        return func(*args, **kwargs)

    return inner


def _carry_over(message: Message) -> None:
    """Copy the sign-in of the handshake. A later message has no cookie: its user is that of the socket's session."""
    if message.http_session is not None:
        transfer_user(message.http_session, message.channel_session)
        message.user = lazy_user(message.http_session)
    else:
        message.user = lazy_user(message.channel_session)
