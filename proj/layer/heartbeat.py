"""Heartbeats of workers: stored in Redis for a while, so that the doctor knows which worker consumes which channel."""

import time
from typing import Any

import msgspec
from channels.layers import get_channel_layer

HEARTBEAT_SECONDS = 5  # between two heartbeats
HEARTBEAT_EXPIRY_SECONDS = 60
CHANNELS1_HEARTBEAT = "channels"  # the channel in heartbeats of workers of Channels 1.x code
MAX_SET_ASIDE_ITEMS = 100
MAX_ERROR_CHARACTERS = 500


class Beat(msgspec.Struct):
    """A worker's report about one channel. Times are seconds since the epoch, by the worker's clock."""

    channel: str
    host: str
    pid: int
    at: float
    started: float
    handled: int = 0  # items done
    failed: int = 0  # tries that raised
    bad: int = 0  # messages that could not be read
    set_aside: int = 0  # items that failed too often
    last_error: str = ""
    consumes: list[str] = []  # the channels of a worker of Channels 1.x code

    @property
    def key(self) -> str:
        return f"{self.channel}:{self.host}:{self.pid}"


class SetAside(msgspec.Struct):
    """An item that failed too often: its type, the error that it raised, and the time."""

    type: str
    error: str
    at: float


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Beat).decode  # ignores fields of newer workers


def _redis() -> Any:
    return get_channel_layer("work").connection(0)


def _prefix() -> str:
    return str(get_channel_layer("work").prefix)


async def beat(beat: Beat) -> None:
    """Store a heartbeat. Raise redis' errors."""
    await _redis().set(f"{_prefix()}heartbeat:{beat.key}", _encode(beat), ex=HEARTBEAT_EXPIRY_SECONDS)


async def stop(beat: Beat) -> None:
    """Delete the heartbeat of a worker that stops on purpose."""
    await _redis().delete(f"{_prefix()}heartbeat:{beat.key}")


async def beats() -> list[Beat]:
    """Return the heartbeats of the last minute, ordered by channel."""
    redis = _redis()
    found = []
    async for key in redis.scan_iter(match=f"{_prefix()}heartbeat:*"):
        text = await redis.get(key)
        if text:
            found.append(_decode(text))
    return sorted(found, key=lambda beat: beat.key)


async def set_aside(channel: str, kind: str, error: str) -> None:
    """Store an item that failed too often. The list has the last MAX_SET_ASIDE_ITEMS."""
    key = f"{_prefix()}set-aside:{channel}"
    await _redis().lpush(key, _encode(SetAside(kind, error[:MAX_ERROR_CHARACTERS], time.time())))
    await _redis().ltrim(key, 0, MAX_SET_ASIDE_ITEMS - 1)
