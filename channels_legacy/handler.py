"""The names of Channels 1.x for HTTP. Requests belong to uwsgi here: these consumers are passed over."""

import logging
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.cookie import parse_cookie
from django.http.response import HttpResponseBase

from channels_legacy.exceptions import ResponseLater as ResponseLaterException
from channels_legacy.layers.protocol import Content

logger = logging.getLogger(__name__)


class _Request(Protocol):
    """A message, as far as a request is made from it."""

    content: Content
    reply_channel: Any


class AsgiRequest(HttpRequest):
    """A request made from a message with the keys of a handshake: `path`, `headers`, `query_string`, `client`.

    Raise KeyError for a message without a path.
    """

    ResponseLater = ResponseLaterException

    def __init__(self, message: _Request) -> None:
        super().__init__()
        content = message.content
        self.message = message
        self.reply_channel = message.reply_channel
        self.path = content["path"]
        self.script_name = content.get("root_path") or ""
        self.path_info = self.path.removeprefix(self.script_name)
        self.method = content.get("method", "FAKE").upper()
        query = content.get("query_string") or ""
        self.META = self._meta(content, query.decode("utf-8", "replace") if isinstance(query, bytes) else query)
        self._set_content_type_params(self.META)  # type: ignore[attr-defined]
        self.GET = QueryDict(self.META["QUERY_STRING"])
        self.COOKIES = parse_cookie(self.META.get("HTTP_COOKIE", ""))
        self._body = content.get("body", b"")
        self._stream = BytesIO(self._body)
        self._read_started = False
        if self.method == "POST":
            self._load_post_and_files()
            self.POST, self.FILES = self._post, self._files  # type: ignore[attr-defined]

    def _meta(self, content: Content, query: str) -> dict[str, Any]:
        client, server = content.get("client") or ("", 0), content.get("server") or ("unknown", 0)
        meta = {
            "REQUEST_METHOD": self.method,
            "QUERY_STRING": query,
            "SCRIPT_NAME": self.script_name,
            "PATH_INFO": self.path_info,
            "SERVER_NAME": server[0],
            "SERVER_PORT": str(server[1]),
        }
        if client[0]:
            meta |= {"REMOTE_ADDR": client[0], "REMOTE_HOST": client[0], "REMOTE_PORT": client[1]}
        for name, value in header_pairs(content):
            key = name.decode("latin-1").upper().replace("-", "_")
            key = key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"
            text = value.decode("latin-1")
            meta[key] = f"{meta[key]},{text}" if key in meta else text
        return meta

    def _get_scheme(self) -> str:
        return str(self.message.content.get("scheme", "http"))


def header_pairs(content: Content) -> list[tuple[bytes, bytes]]:
    """Return the headers of a message as pairs of bytes. Old code has a dictionary in the place of the list."""
    headers = content.get("headers") or ()
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [(_bytes(pair[0]), _bytes(pair[1])) for pair in pairs if len(pair) == 2]


def _bytes(text: str | bytes) -> bytes:
    return text.encode("latin-1", "replace") if isinstance(text, str) else bytes(text)


class AsgiHandler:
    """1.x's way from an http.request to a view. Called, it answers nothing, because nginx never sends one here."""

    request_class = AsgiRequest
    chunk_size = 512 * 1024  # bytes

    def __init__(self, *args: object, **kwargs: object) -> None:
        pass

    def __call__(self, message: _Request) -> Iterator[Content]:
        logger.info("http.request is passed over: HTTP belongs to uwsgi")
        return iter(())

    @classmethod
    def encode_response(cls, response: HttpResponseBase) -> Iterator[Content]:
        """Yield the messages that carry a response: status, headers and content, in chunks."""
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
        headers += [(b"Set-Cookie", cookie.OutputString().encode("ascii")) for cookie in response.cookies.values()]
        message: Content = {"status": response.status_code, "headers": headers}
        if isinstance(response, HttpResponse):
            for chunk, last in cls.chunk_bytes(response.content):
                yield {**message, "content": chunk, "more_content": not last}
                message = {}
            return
        for part in response:
            for chunk, _ in cls.chunk_bytes(part):
                yield {**message, "content": chunk, "more_content": True}
                message = {}
        yield {**message, "more_content": False}

    @classmethod
    def chunk_bytes(cls, data: bytes) -> Iterator[tuple[bytes, bool]]:
        """Yield pieces of `data` of at most `chunk_size` bytes, each with whether it is the last."""
        if not data:
            yield data, True
        for start in range(0, len(data), cls.chunk_size):
            yield data[start : start + cls.chunk_size], start + cls.chunk_size >= len(data)


class ViewConsumer:
    """1.x's consumer of http.request. It can stand in a routing, and does nothing."""

    handler_class = AsgiHandler

    def __init__(self) -> None:
        self.handler = self.handler_class()

    def __call__(self, message: _Request, **kwargs: object) -> None:
        for reply in self.handler(message):
            message.reply_channel.send(reply, immediately=True)
