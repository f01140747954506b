"""Messages, channels and groups: manners of a mapping, names, contents that are refused."""

import datetime
import re
from typing import Any

import pytest
from django.test import override_settings

from channels_legacy import Channel, Group, channel_layers
from channels_legacy import message as message_module
from channels_legacy.asgi import ChannelLayerWrapper, InvalidChannelLayerError, get_channel_layer
from channels_legacy.channel import pending_message_store
from channels_legacy.layers.contents import MAX_CONTENT_BYTES
from channels_legacy.layers.memory import InMemoryLayer
from channels_legacy.layers.protocol import MessageTooLarge
from channels_legacy.message import Message
from tests.channels_legacy.conftest import SOCKET, message, received


def test_a_message_has_the_manners_of_a_mapping(layer: ChannelLayerWrapper) -> None:
    one = message(text="hello", order=1)
    one["room"] = "7"
    assert one["text"] == one.get("text") == "hello"
    assert ("room" in one, "none" in one, one.get("none"), one.get("none", 5)) == (True, False, None, 5)
    assert list(one.keys()) == list(one.content) == ["reply_channel", "path", "text", "order", "room"]
    assert list(one.items()) == list(zip(one.keys(), one.values(), strict=True))
    with pytest.raises(KeyError):
        one["none"]
    assert (one.channel.name, str(one.reply_channel), one.channel_layer) == ("websocket.receive", SOCKET, layer)


def test_a_message_of_no_socket_has_no_reply_channel() -> None:
    assert Message({}, "own", None).reply_channel is None
    assert Message({"reply_channel": None}, "own", None).reply_channel is None


def test_a_copy_is_deep() -> None:
    one = message(tags=["a"])
    one.copy()["tags"].append("b")
    assert one["tags"] == ["a"]


@pytest.mark.parametrize("name", ["chat", "room.5", "运维", "a b", "a/b!c?d", "x" * 255, b"bytes"])
def test_names_are_any_printable_text(layer: ChannelLayerWrapper, name: Any) -> None:
    Channel(name).send({"a": 1})
    Group(name).add("member")
    Group(name).send({"b": 2})
    text = name.decode() if isinstance(name, bytes) else name
    assert received(layer, text) == [{"a": 1}]
    assert received(layer, "member") == [{"b": 2}]


@pytest.mark.parametrize("name", ["", "x" * 256, "运" * 86, "a\nb", "a\0", "\ud800", None, 5])
def test_other_names_are_refused_where_they_are_used(name: Any) -> None:
    with pytest.raises(TypeError, match="the name of a channel must"):
        Channel(name).send({})
    for use in (Group(name).send, Group(name).add, Group(name).discard):
        with pytest.raises(TypeError, match="the name of a group must"):
            use({} if use.__name__ == "send" else "x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the name of a channel must"):
        Group("g").add(name)


@pytest.mark.parametrize("content", ["text", None, ["a"], 5])
def test_only_dictionaries_are_sent(content: Any) -> None:
    with pytest.raises(TypeError, match="cannot send to own: the content must be a dict"):
        Channel("own").send(content)
    with pytest.raises(ValueError, match="cannot send to the group g: the content must be a dict"):
        Group("g").send(content)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"at": datetime.date(2026, 1, 1)}, "content['at'] is date; send text, bytes, numbers, lists or dictionaries"),
        ({"rows": [{"a": {1, 2}}]}, "content['rows'][0]['a'] is set"),
        ({5: "a"}, "content has the key 5; the keys of a message are text"),
        ({"n": 2**64}, "content['n'] is a number of more than 64 bits"),
        ({"text": "\ud800"}, "content['text'] is text with half a character"),
    ],
)
@pytest.mark.parametrize("running", [False, True])
def test_a_content_that_no_layer_carries_is_refused_at_the_line_that_sends(
    content: Any, sentence: str, running: bool
) -> None:
    if running:
        pending_message_store.prepare()
    try:
        with pytest.raises(TypeError, match=re.escape(f"cannot send to own: {sentence}")):
            Channel("own").send(content)
    finally:
        pending_message_store.send_and_flush()


def test_a_content_that_is_nested_without_end_is_refused() -> None:
    content: dict[str, Any] = {}
    content["self"] = content
    with pytest.raises(TypeError, match="nested more than 100 deep"):
        Channel("own").send(content)


@pytest.mark.parametrize("content", [{"text": "x" * 10_000_000}, {"bytes": b"x" * 10_000_000}, {"a": ["运" * 300_000]}])
def test_a_content_that_is_too_large_is_refused_with_its_size(content: Any) -> None:
    with pytest.raises(MessageTooLarge, match=rf"has [\d,]+ bytes, a message at most {MAX_CONTENT_BYTES:,}"):
        Channel("own").send(content)


def test_a_process_without_a_layer_says_which_setting_is_missing() -> None:
    former = channel_layers.set("default", None)
    try:
        with pytest.raises(InvalidChannelLayerError, match="SIGNALBOX_CHANNEL_ROUTING"):
            Group("g").send({})
        with (
            override_settings(CHANNEL_LAYER_CLASS="tests.none.Layer"),
            pytest.raises(InvalidChannelLayerError, match=r"cannot import CHANNEL_LAYER_CLASS 'tests\.none\.Layer'"),
        ):
            Group("g").send({})
        with override_settings(CHANNEL_LAYER_CLASS="channels_legacy.layers.memory.InMemoryLayer"):
            assert isinstance(get_channel_layer(), InMemoryLayer)
    finally:
        channel_layers.set("default", former)


def test_layers_are_replaced_under_a_channel_that_exists(layer: ChannelLayerWrapper) -> None:
    channel = Channel("own")
    channel.send({"n": 1})
    former = channel_layers.set("default", channel_layers.make_test_backend("default"))
    channel.send({"n": 2})
    assert former is layer
    assert received(layer, "own") == [{"n": 1}]
    assert received(channel_layers["default"], "own") == [{"n": 2}]
    assert layer.local_only()
    assert str(layer) == "default (channels_legacy.layers.memory.InMemoryLayer)"


def test_an_unknown_alias_has_no_layer() -> None:
    assert "other" not in channel_layers
    with pytest.raises(InvalidChannelLayerError, match="no layer 'other'"):
        channel_layers["other"]


def test_the_store_of_pending_messages_has_its_name_of_old() -> None:
    assert message_module.pending_message_store is pending_message_store
    pending_message_store.send_and_flush()
    assert not pending_message_store.active
