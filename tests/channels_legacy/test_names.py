"""The names of Channels 1.x can be imported."""

import importlib
import logging
from functools import partial
from unittest.mock import Mock

import pytest

from channels_legacy.log import setup_logger
from channels_legacy.message import Message
from channels_legacy.support.naming import dotted_name

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
    ".utils": "name_that_thing",
    ".worker": "Worker",
}


@pytest.mark.parametrize("module", NAMES)
def test_a_name_of_channels_1_is_found_in_its_module(module: str) -> None:
    importlib.import_module("channels_legacy.delay.models")
    found = importlib.import_module(f"channels_legacy{module}")
    assert [name for name in NAMES[module].split() if not hasattr(found, name)] == []


def test_consumers_have_dotted_names() -> None:
    assert dotted_name(partial(Message.copy)) == "channels_legacy.message.Message.copy"
    assert dotted_name(Message({}, "own", None).copy) == "channels_legacy.message.Message.copy"
    assert dotted_name(Message({}, "own", None)) == dotted_name(Message) == "channels_legacy.message.Message"
    assert dotted_name(Mock()) == "unittest.mock.Mock"


def test_the_logger_has_a_level_by_the_verbosity() -> None:
    assert setup_logger("team", 2).level == logging.DEBUG
    assert setup_logger("team").level == logging.INFO
