"""Requests made from messages. On a stack HTTP belongs to uwsgi, and consumers of http.request are passed over.

Called with a message, in a test, `AsgiHandler` runs a view and yields its response as 1.x did.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any, Protocol, cast

from django.core import signals
from django.core.handlers.base import BaseHandler
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.http.cookie import parse_cookie
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from channels_legacy.exceptions import RequestAborted, RequestTimeout
from channels_legacy.exceptions import ResponseLater as ResponseLaterException
from channels_legacy.layers.protocol import Content

logger = logging.getLogger(__name__)

BODY_PAUSE_SECONDS = 0.01


class _Request(Protocol):
    """A message, as far as a request is made from it."""

    content: Content
    reply_channel: Any
    channel_layer: Any


class AsgiRequest(HttpRequest):
    """A request made from a message with the keys of a handshake: `path`, `headers`, `query_string`, `client`.

    A body may follow on the channel `body_channel`. Raise KeyError for a message without a path, RequestTimeout when
    the body does not end within `body_receive_timeout` seconds, RequestAborted when the client closes meanwhile.
    """

    ResponseLater = ResponseLaterException
    body_receive_timeout = 60

    def __init__(self, message: _Request) -> None:
        super().__init__()
        content = message.content
        self.message = message
        self.reply_channel = message.reply_channel
        path = content["path"]
        self.path = path.decode("utf-8") if isinstance(path, bytes) else path
        self.script_name = content.get("root_path") or ""
        self.path_info = self.path.removeprefix(self.script_name)
        self.method = content.get("method", "FAKE").upper()
        query = content.get("query_string") or ""
        self.META = self._meta(content, query.decode("utf-8", "replace") if isinstance(query, bytes) else query)
        self._set_content_type_params(self.META)  # type: ignore[attr-defined]
        self.GET = QueryDict(self.META["QUERY_STRING"])
        self.COOKIES = parse_cookie(self.META.get("HTTP_COOKIE", ""))
        self._body = content.get("body", b"") + b"".join(self._further_body())
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

    def _further_body(self) -> Iterator[bytes]:
        """Yield the parts of the body that follow on a channel of their own."""
        channel = self.message.content.get("body_channel")
        deadline = time.monotonic() + self.body_receive_timeout
        more = bool(channel)
        while more:
            _, chunk = self.message.channel_layer.receive_many([channel], block=True)
            if chunk is None:
                if time.monotonic() >= deadline:
                    raise RequestTimeout(f"the body of {self.path} did not end in {self.body_receive_timeout} s")
                time.sleep(BODY_PAUSE_SECONDS)
                continue
            if chunk.get("closed"):
                raise RequestAborted(f"the client closed the connection while it sent the body of {self.path}")
            yield chunk.get("content", b"")
            more = bool(chunk.get("more_content"))

    def _get_scheme(self) -> str:
        return str(self.message.content.get("scheme", "http"))


def header_pairs(content: Content) -> list[tuple[bytes, bytes]]:
    """Return the headers of a message as pairs of bytes. Old code has a dictionary in the place of the list."""
    headers = content.get("headers") or ()
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [(_bytes(pair[0]), _bytes(pair[1])) for pair in pairs if len(pair) == 2]


def _bytes(text: str | bytes) -> bytes:
    return text.encode("latin-1", "replace") if isinstance(text, str) else bytes(text)


class AsgiHandler(BaseHandler):
    """1.x's way from an http.request to a view: called with a message, it yields the messages of the response.

    The middleware is loaded at the first call, because a routing is imported before all apps are ready.
    """

    request_class = AsgiRequest
    chunk_size = 512 * 1024  # bytes

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__()
        self._loaded = False

    def __call__(self, message: _Request) -> Iterator[Content]:
        set_script_prefix(message.content.get("root_path") or "")
        signals.request_started.send(sender=type(self), message=message)
        try:
            response = self._response_to(message)
        except (RequestAborted, ResponseLaterException):
            return  # the client is gone, or another consumer answers
        yield from self.encode_response(response)
        response.close()

    def _response_to(self, message: _Request) -> HttpResponseBase:
        try:
            request = self.request_class(message)
        except UnicodeDecodeError:
            logger.warning("bad request: its path is not UTF-8", exc_info=True)
            return HttpResponseBadRequest()
        except RequestTimeout as error:
            return HttpResponse(f"408 Request Timeout: {error}", status=408)
        if not self._loaded:
            self.load_middleware()
            self._loaded = True
        response: HttpResponseBase = self.get_response(request)
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        return response

    @classmethod
    def encode_response(cls, response: HttpResponseBase) -> Iterator[Content]:
        """Yield the messages that carry a response: status, headers and content, in chunks."""
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
        headers += [(b"Set-Cookie", cookie.OutputString().encode("ascii")) for cookie in response.cookies.values()]
        message: Content = {"status": response.status_code, "headers": headers}
        if not response.streaming:
            for chunk, last in cls.chunk_bytes(cast(HttpResponse, response).content):
                yield {**message, "content": chunk, "more_content": not last}
                message = {}
            return
        for part in cast(Iterable[bytes], response):
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
    """1.x's consumer of http.request. It can stand in a routing; the workers of a stack do not take its channel."""

    handler_class = AsgiHandler

    def __init__(self) -> None:
        self.handler = self.handler_class()

    def __call__(self, message: _Request, **kwargs: object) -> None:
        for reply in self.handler(message):
            message.reply_channel.send(reply, immediately=True)
