"""The names of Channels 1.x can be imported, and the ones for HTTP can be constructed."""

import importlib
import logging
from functools import partial
from unittest.mock import Mock

import pytest
from django.http import HttpResponse, StreamingHttpResponse

from channels_legacy.handler import AsgiHandler, AsgiRequest, ViewConsumer
from channels_legacy.log import setup_logger
from channels_legacy.message import Message
from channels_legacy.staticfiles import StaticFilesConsumer, StaticFilesHandler
from channels_legacy.support.naming import dotted_name
from tests.channels_legacy.conftest import message

NAMES = {
    "": "Channel Group channel_layers route route_class include DEFAULT_CHANNEL_LAYER",
    ".asgi": "channel_layers get_channel_layer ChannelLayerManager ChannelLayerWrapper InvalidChannelLayerError",
    ".auth": "http_session_user channel_session_user channel_session_user_from_http transfer_user"
    " channel_and_http_session_user_from_http channel_session http_session channel_and_http_session",
    ".channel": "Channel Group",
    ".delay": "models",
    ".exceptions": "ConsumeLater ResponseLater RequestTimeout RequestAborted DenyConnection ChannelSocketException"
    " WebsocketCloseException SendNotAvailableOnDemultiplexer InvalidChannelLayerError",
    ".handler": "AsgiRequest AsgiHandler ViewConsumer",
    ".log": "setup_logger",
    ".message": "Message pending_message_store",
    ".routing": "Router Route RouteClass Include route route_class include null_consumer connect_consumer",
    ".security.websockets": "BaseOriginValidator AllowedHostsOnlyOriginValidator allowed_hosts_only",
    ".sessions": "channel_session http_session channel_and_http_session enforce_ordering session_for_reply_channel",
    ".signals": "consumer_started consumer_finished worker_ready worker_process_ready",
    ".staticfiles": "StaticFilesHandler StaticFilesConsumer",
    ".worker": "Worker",
}


@pytest.mark.parametrize("module", NAMES)
def test_a_name_of_channels_1_is_found_in_its_module(module: str) -> None:
    importlib.import_module("channels_legacy.delay.models")
    found = importlib.import_module(f"channels_legacy{module}")
    assert [name for name in NAMES[module].split() if not hasattr(found, name)] == []


def test_consumers_of_http_are_constructed_and_say_that_they_do_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    StaticFilesHandler()
    for consumer in (ViewConsumer(), StaticFilesConsumer()):
        consumer(message("http.request"))
    assert caplog.text.count("HTTP belongs to uwsgi") == 2


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


def test_consumers_have_dotted_names() -> None:
    assert dotted_name(partial(Message.copy)) == "channels_legacy.message.Message.copy"
    assert dotted_name(Message({}, "own", None).copy) == "channels_legacy.message.Message.copy"
    assert dotted_name(Message({}, "own", None)) == dotted_name(Message) == "channels_legacy.message.Message"
    assert dotted_name(Mock()) == "unittest.mock.Mock"


def test_the_logger_has_a_level_by_the_verbosity() -> None:
    assert setup_logger("team", 2).level == logging.DEBUG
    assert setup_logger("team").level == logging.INFO
