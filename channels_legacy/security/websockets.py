"""Decorators of websocket.connect consumers that check the origin of the page.

The interface has checked the origin against the addresses of this installation before; these decorators are a second
check, and for a team's own rules.
"""

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

from channels_legacy.exceptions import DenyConnection
from channels_legacy.handler import header_pairs
from channels_legacy.message import Message
from channels_legacy.state.arguments import message_in

LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]


class BaseOriginValidator:
    """A decorator that denies a socket unless `validate_origin` returns true. Subclasses have that method."""

    def __init__(self, func: Callable[..., Any]) -> None:
        functools.update_wrapper(self, func)
        self.func = func

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        message = message_in(args, type(self).__name__)
        if not self.validate_origin(message, self.get_origin(message)):
            raise DenyConnection
        return self.func(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Callable[..., Any]:
        """Bind the decorated method as Python binds a function."""
        return self if instance is None else functools.partial(self.__call__, instance)

    def get_header(self, message: Message, name: bytes) -> list[bytes]:
        """Return the values of the first header with this name, as a list. Raise KeyError when there is none."""
        for key, value in header_pairs(message.content):
            if key == name:
                return [value]
        raise KeyError(f"the message has no header {name!r}")

    def get_origin(self, message: Message) -> str:
        """Return the origin of a handshake. Raise DenyConnection when it is missing or not ASCII."""
        try:
            return self.get_header(message, b"origin")[0].decode("ascii")
        except (KeyError, ValueError, TypeError, AttributeError):
            raise DenyConnection from None

    def validate_origin(self, message: Message, origin: str) -> bool:
        """Return whether a page of this origin may open the socket."""
        raise NotImplementedError(f"{type(self).__name__} needs a method validate_origin(message, origin)")


class AllowedHostsOnlyOriginValidator(BaseOriginValidator):
    """A decorator that admits pages of the hosts in ALLOWED_HOSTS."""

    def validate_origin(self, message: Message, origin: str) -> bool:
        """Return whether the origin's host is allowed; a malformed origin is not."""
        hosts = settings.ALLOWED_HOSTS or (LOCAL_HOSTS if settings.DEBUG else [])
        try:
            host = urlsplit(origin).hostname
        except ValueError:
            return False
        if not host:
            return False
        return validate_host(f"[{host}]" if ":" in host else host, hosts) or validate_host(host, hosts)


allowed_hosts_only = AllowedHostsOnlyOriginValidator
