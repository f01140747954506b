"""The serializer of both layers: typed messages, and the plain dicts of ordinary Channels consumers."""

import copy
from collections.abc import Callable
from typing import Any, TypeVar

import msgpack
import msgspec
from channels_redis.serializers import MsgPackSerializer, registry

from proj.layer.messages import MAX_MESSAGE_BYTES, LayerMessage, MessageTooLarge, encoded

FORMAT = "signalbox"

M = TypeVar("M")


class Serializer(MsgPackSerializer):
    """msgpack, bounded by MAX_MESSAGE_BYTES. Prefixes and encryption are those of the stock serializer."""

    def as_bytes(self, message: Any) -> bytes:
        """Return `message`, typed or plain, as msgpack."""
        return encoded(message) if isinstance(message, LayerMessage) else msgpack.packb(message)

    def serialize(self, message: Any) -> bytes:
        """Return `message` in the form that travels. Raise MessageTooLarge."""
        data: bytes = super().serialize(message)
        if len(data) > MAX_MESSAGE_BYTES:
            raise MessageTooLarge(f"a message of {len(data)} bytes; the layer carries {MAX_MESSAGE_BYTES}")
        return data

    def reader(self, decoder: msgspec.msgpack.Decoder[M]) -> Callable[[bytes], M]:
        """Return a function that reads typed messages. It raises ValueError for anything else."""
        typed = copy.copy(self)
        typed.from_bytes = decoder.decode
        return typed.deserialize  # type: ignore[no-any-return]


registry.register_serializer(FORMAT, Serializer)
