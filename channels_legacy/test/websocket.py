"""A socket of a test, with cookies, headers and a sign-in."""

import copy
from collections.abc import Mapping
from http.cookies import SimpleCookie
from importlib import import_module
from json import dumps, loads
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import authenticate, load_backend, login
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from channels_legacy.layers.protocol import Content
from channels_legacy.state.session import ChannelSession
from channels_legacy.test.base import Client

CONNECT_CHANNEL = "websocket.connect"
SESSIONS_APP = "django.contrib.sessions"


class WSClient(Client):
    """A client of `websocket.connect`, `websocket.receive` and `websocket.disconnect`.

    With `ordered` each message gets its number.
    """

    def __init__(self, **kwargs: Any) -> None:
        self._ordered = kwargs.pop("ordered", False)
        super().__init__(**kwargs)
        self._session: SessionBase | None = None
        self._headers: dict[str, Any] = {}
        self._cookies: dict[str, str] = {}
        self._session_cookie = True
        self.order = 0

    def set_cookie(self, key: str, value: str) -> None:
        """Set a cookie of the handshake."""
        self._cookies[key] = value

    def set_header(self, key: str, value: Any) -> None:
        """Set a header of the handshake."""
        if key == "cookie":
            raise ValueError("set_cookie() sets the cookies of the handshake")
        self._headers[key] = value

    def get_cookies(self) -> dict[str, str]:
        """Return the cookies of the next message. Only the first message has that of the session."""
        cookies = dict(self._cookies)
        if self._session_cookie and apps.is_installed(SESSIONS_APP):
            cookies[settings.SESSION_COOKIE_NAME] = str(self.session.session_key)
        return cookies

    @property
    def headers(self) -> dict[str, Any]:
        """Return the headers of the next message."""
        headers = copy.deepcopy(self._headers)
        headers.setdefault("cookie", _encoded_cookies(self.get_cookies()))
        return headers

    @property
    def session(self) -> SessionBase:
        """Return the web session of the client. Saved, it is copied to the session of the socket, as 1.x had one."""
        if not apps.is_installed(SESSIONS_APP):
            raise ImproperlyConfigured(f"the session of a client needs {SESSIONS_APP} in INSTALLED_APPS")
        if self._session is None:
            self._session = _shared_session(self)
            self._session.create()
        return self._session

    def receive(self, json: bool = True) -> Any:
        """Return the next reply: the value of its JSON text, its text without `json`, else its content."""
        content = super().receive()
        if not content:
            return None
        text = content.get("text", content)
        return loads(text) if json and isinstance(text, str) else text

    def send(self, to: str, content: Mapping[str, Any] | None = None, text: Any = None, path: str = "/") -> None:
        """Send a message of the socket; `text` that is no string is sent as JSON."""
        if to != CONNECT_CHANNEL:
            path = path.partition("?")[0]
        self.channel_layer.send(to, self._get_content(content, text, path))
        self._session_cookie = False

    def _get_content(self, content: Mapping[str, Any] | None = None, text: Any = None, path: str = "/") -> Content:
        path, mark, query = path.partition("?")
        given: Content = copy.deepcopy(dict(content or {}))
        whole: Content = {"reply_channel": self.reply_channel, "path": path}
        whole |= {"query_string": query} if mark else {}
        whole |= {"headers": self.headers} if "headers" not in given else {}
        whole |= given
        if self._ordered:
            if "order" in given:
                raise ValueError("an ordered client sets the order by itself")
            whole["order"] = self.order
            self.order += 1
        text = text or given.get("text")
        if text is not None:
            whole["text"] = text if isinstance(text, str) else dumps(text)
        return whole

    def send_and_consume(  # type: ignore[override]
        self,
        channel: str,
        content: Mapping[str, Any] | None = None,
        text: Any = None,
        path: str = "/",
        fail_on_none: bool = True,
        check_accept: bool = True,
    ) -> Any:
        """Send a message, and run its consumer."""
        self.send(channel, content, text, path)
        return self.consume(channel, fail_on_none=fail_on_none, check_accept=check_accept)

    def consume(self, channel: str, fail_on_none: bool = True, check_accept: bool = True) -> Any:
        """Run the next consumer. The first reply to a connect is taken, and must accept the socket."""
        result = super().consume(channel, fail_on_none=fail_on_none)
        if channel == CONNECT_CHANNEL and check_accept:
            received = self.receive(json=False)
            if received != {"accept": True}:
                raise AssertionError(f"the socket was not accepted: the first reply is {received}")
        return result

    def login(self, **credentials: Any) -> bool:
        """Sign in, and return whether the credentials are right and the account is active."""
        user = authenticate(_request(), **credentials)
        if user is None or not user.is_active or not apps.is_installed(SESSIONS_APP):
            return False
        self._login(user)
        return True

    def force_login(self, user: Any, backend: str | None = None) -> None:
        """Sign in without credentials, by the first backend that knows users."""
        user.backend = backend or next(
            path for path in settings.AUTHENTICATION_BACKENDS if hasattr(load_backend(path), "get_user")
        )
        self._login(user)

    def _login(self, user: Any) -> None:
        request = _request()
        request.session = self.session
        login(request, user)
        self.session.save()


def _request() -> HttpRequest:
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = "127.0.0.1"
    return request


def _shared_session(client: WSClient) -> SessionBase:
    """Return a web session that is copied to the session of the client's socket at each save."""
    store = import_module(settings.SESSION_ENGINE).SessionStore

    def save(self: Any, must_create: bool = False) -> None:
        store.save(self, must_create=must_create)
        of_socket = ChannelSession(client.reply_channel, client.channel_layer.channel_layer)
        of_socket.update(dict(self.items()))
        of_socket.save()

    # The name is part of the key that signs the data of the session.
    session: SessionBase = type(store.__qualname__, (store,), {"save": save})()
    return session


def _encoded_cookies(cookies: dict[str, str]) -> bytes:
    """Return cookies as the value of their header."""
    jar: SimpleCookie = SimpleCookie()
    for name, value in cookies.items():
        jar[name] = value
    return jar.output(header="", sep=";").encode("ascii")
