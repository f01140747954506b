"""The private attributes of channels_redis and redis-py that the layers use are there, in the versions installed."""

from collections.abc import Iterator
from pathlib import Path

import channels_redis.utils
from channels_redis.core import RedisChannelLayer, RedisLoopLayer
from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer
from channels_redis.serializers import MsgPackSerializer
from redis.asyncio import ConnectionPool

HOSTS = [{"address": "redis://localhost"}]


def objects() -> Iterator[tuple[object, tuple[str, ...]]]:
    """Yield objects of the two libraries, each with the attributes that our classes use."""
    yield channels_redis.utils, ("_wrap_close", "create_pool", "decode_hosts")
    yield RedisPubSubChannelLayer(hosts=HOSTS), ("_args", "_kwargs", "_layers", "_serializer")
    yield RedisPubSubChannelLayer, ("_get_layer", "serialize", "deserialize")
    yield (
        RedisPubSubLoopLayer(hosts=HOSTS),
        ("_shards", "_get_shard", "_get_group_channel_name", "_subscribe_to_channel", "channels", "groups"),
    )
    queue = RedisChannelLayer(hosts=HOSTS)
    yield queue, ("_layers", "_serializer", "_send_index_generator", "_receive_index_generator", "ring_size", "hosts")
    yield RedisLoopLayer(queue), ("get_connection", "flush")
    yield MsgPackSerializer(), ("as_bytes", "from_bytes", "serialize", "deserialize")
    yield ConnectionPool.from_url("redis://localhost").make_connection(), ("_reader", "_writer", "connect")  # type: ignore[no-untyped-call]


async def test_the_private_attributes_are_there() -> None:
    missing = [
        f"{owner!r}: {attribute}"
        for owner, attributes in objects()
        for attribute in attributes
        if not hasattr(owner, attribute)
    ]
    assert not missing


def test_no_other_file_of_the_layer_touches_them() -> None:
    """The private names stand in the files that are called after the libraries."""
    private = ("_wrap_close", "._layers", "._serializer", "_shards", "_get_shard", "_index_generator", "connection._")
    for file in (Path(__file__).resolve().parents[2] / "proj" / "layer").glob("**/*.py"):
        if not file.name.endswith("_internals.py"):
            assert not [one for one in private if one in file.read_text()], file
