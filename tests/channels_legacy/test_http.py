"""Requests and responses as messages. A stack sends none; a team's own tests may."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.urls import path

from channels_legacy.asgi import ChannelLayerWrapper
from channels_legacy.exceptions import RequestAborted, RequestTimeout
from channels_legacy.handler import AsgiHandler, AsgiRequest, ViewConsumer
from channels_legacy.message import Message
from channels_legacy.staticfiles import StaticFilesConsumer, StaticFilesHandler
from channels_legacy.worker import consumed_channels
from tests.channels_legacy.conftest import message, received

pytestmark = pytest.mark.django_db


def hello(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(f"hello {name}, you sent {request.POST.get('text')}")


urlpatterns = [path("hello/<name>/", hello)]


def test_consumers_of_http_stand_in_a_routing_and_no_worker_takes_their_channel() -> None:
    assert isinstance(StaticFilesConsumer().handler, StaticFilesHandler)
    assert isinstance(ViewConsumer().handler, AsgiHandler)
    assert consumed_channels(["http.request", "websocket.receive"]) == ["websocket.receive"]


@override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[])
def test_a_consumer_of_http_answers_with_a_view(layer: ChannelLayerWrapper) -> None:
    form = [[b"content-type", b"application/x-www-form-urlencoded"]]
    ViewConsumer()(message("http.request", path="/hello/anna/", method="POST", headers=form, body=b"text=hi"))
    (answer,) = received(layer)
    assert (answer["status"], answer["content"]) == (200, b"hello anna, you sent hi")


def test_a_file_leaves_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    class OneFile(AsgiHandler):
        chunk_size = 4

        def get_response(self, request: HttpRequest) -> HttpResponseBase:
            return FileResponse(iter([b"abcdef"]))

    parts = list(OneFile()(message("http.request")))
    assert [part.get("content") for part in parts] == [b"abcd", b"ef", None]


@pytest.fixture
def upload(layer: ChannelLayerWrapper) -> Callable[..., AsgiRequest]:
    """Return a function that makes a request whose body follows in these parts."""

    def make(*parts: dict[str, Any], request_class: type[AsgiRequest] = AsgiRequest) -> AsgiRequest:
        for part in parts:
            layer.send("body!1", part)
        return request_class(message("http.request", method="PUT", body=b"a", body_channel="body!1"))

    return make


def test_a_body_may_follow_on_a_channel_of_its_own(upload: Callable[..., AsgiRequest]) -> None:
    assert upload({"content": b"b", "more_content": True}, {"content": b"c"}).body == b"abc"


def test_a_body_that_does_not_end_is_given_up(upload: Callable[..., AsgiRequest]) -> None:
    class Impatient(AsgiRequest):
        body_receive_timeout = 0

    with pytest.raises(RequestTimeout, match="did not end in 0 s"):
        upload({"content": b"b", "more_content": True}, request_class=Impatient)
    assert [part["status"] for part in _answers(Impatient, body_channel="body!2")] == [408]


def test_a_client_that_goes_while_it_sends_gets_no_answer(
    upload: Callable[..., AsgiRequest], layer: ChannelLayerWrapper
) -> None:
    with pytest.raises(RequestAborted):
        upload({"closed": True})
    layer.send("body!2", {"closed": True})
    assert _answers(AsgiRequest, body_channel="body!2") == []


def test_a_path_that_is_not_utf_8_is_a_bad_request() -> None:
    assert [part["status"] for part in _answers(AsgiRequest, path=b"/\xff/")] == [400]


def _answers(kind: type[AsgiRequest], **content: Any) -> list[dict[str, Any]]:
    handler = AsgiHandler()
    handler.request_class = kind
    return list(handler(message("http.request", method="GET", **content)))


def test_a_request_is_made_from_a_message() -> None:
    content = {
        "path": "/app/a/运",
        "root_path": "/app",
        "method": "post",
        "query_string": b"q=%E8%BF%90&r=2",
        "headers": [[b"host", b"x"], [b"accept", b"a"], [b"accept", b"b"], [b"cookie", b"theme=dark"]],
        "client": ["127.0.0.1", 80],
        "body": b"name=anna",
    }
    content["headers"].append([b"content-type", b"application/x-www-form-urlencoded"])  # type: ignore[attr-defined]
    request = AsgiRequest(Message({**content}, "http.request", None))
    assert (request.path, request.path_info, request.method, request.scheme) == ("/app/a/运", "/a/运", "POST", "http")
    assert (request.GET["q"], request.GET["r"], request.COOKIES) == ("运", "2", {"theme": "dark"})
    assert (request.META["HTTP_ACCEPT"], request.META["REMOTE_ADDR"]) == ("a,b", "127.0.0.1")
    assert (request.POST["name"], request.body) == ("anna", b"name=anna")


def test_a_response_is_cut_into_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    response = HttpResponse(b"abcde", status=201, headers={"X-A": "1"})
    response.set_cookie("a", "b")
    monkeypatch.setattr(AsgiHandler, "chunk_size", 2)
    first, *others = AsgiHandler.encode_response(response)
    assert (first["status"], first["content"]) == (201, b"ab")
    assert {(b"X-A", b"1"), (b"Set-Cookie", b"a=b; Path=/")} <= set(first["headers"])
    assert others == [{"content": b"cd", "more_content": True}, {"content": b"e", "more_content": False}]
    first, *others = AsgiHandler.encode_response(StreamingHttpResponse([b"x", b"yz"]))
    assert (first["status"], first["content"]) == (200, b"x")
    assert others == [{"content": b"yz", "more_content": True}, {"more_content": False}]
