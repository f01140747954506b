"""The layer in memory: capacity, expiry, groups, sessions."""

import pytest

from channels_legacy.layers.memory import InMemoryLayer
from channels_legacy.layers.protocol import ChannelFull, Layer


def test_it_is_a_layer() -> None:
    layer: Layer = InMemoryLayer()
    assert layer.receive_many(["a"], block=True) == (None, None)


def test_messages_arrive_in_order_and_are_copies() -> None:
    layer = InMemoryLayer()
    content = {"n": [1]}
    layer.send("a", content)
    content["n"].append(2)
    layer.send("a", content)
    assert layer.receive_many(["b", "a"]) == ("a", {"n": [1]})
    assert layer.receive(["a"]) == ("a", {"n": [1, 2]})


def test_a_channel_has_a_capacity() -> None:
    layer = InMemoryLayer(capacity=2, channel_capacity={"big.*": 3})
    for channel, capacity in (("a", 2), ("big.1", 3)):
        for _ in range(capacity):
            layer.send(channel, {})
        with pytest.raises(ChannelFull, match=f"the channel {channel} is full: {capacity} messages"):
            layer.send(channel, {})
    layer.group_add("g", "a")
    layer.group_add("g", "b")
    layer.send_group("g", {"x": 1})
    assert layer.receive_many(["b"]) == ("b", {"x": 1})


def test_old_messages_expire_and_their_channel_leaves_its_groups() -> None:
    layer = InMemoryLayer(expiry=-1)
    layer.group_add("g", "a")
    layer.send("a", {})
    assert layer.receive_many(["a"]) == (None, None)
    assert layer.group_channels("g") == []


def test_old_memberships_expire() -> None:
    layer = InMemoryLayer(group_expiry=-1)
    layer.group_add("g", "a")
    assert layer.group_channels("g") == []


def test_groups_hold_each_channel_once() -> None:
    layer = InMemoryLayer()
    for channel in ("b", "a", "b"):
        layer.group_add("g", channel)
    assert layer.group_channels("g") == ["b", "a"]
    layer.group_discard("g", "b")
    layer.group_discard("g", "b")
    layer.group_discard("other", "b")
    assert layer.group_channels("g") == ["a"]


def test_sessions_end_and_all_is_flushed() -> None:
    layer = InMemoryLayer()
    layer.save_session("s", {"a": 1})
    layer.save_session("t", {"a": 2})
    layer.end_session("s")
    assert (layer.session("s"), layer.session("t")) == ({}, {"a": 2})
    layer.send("a", {})
    layer.group_add("g", "a")
    layer.flush()
    assert (layer.session("t"), layer.group_channels("g"), layer.receive_many(["a"])) == ({}, [], (None, None))


def test_new_channels_have_names_of_their_own() -> None:
    layer = InMemoryLayer()
    names = {layer.new_channel("client?") for _ in range(20)}
    assert len(names) == 20
    assert all(name.startswith("client?") for name in names)
