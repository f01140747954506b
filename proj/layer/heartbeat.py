"""The workers' heartbeats: kept in Redis for a while, so that the doctor sees who consumes which channel."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from channels.layers import get_channel_layer

PERIOD = 5  # seconds between two beats
KEPT = 60  # seconds until a beat that is not renewed goes


@dataclass(slots=True)
class Beat:
    """A worker's word about one channel. Times are seconds since the epoch, by the worker's clock."""

    channel: str
    host: str
    pid: int
    at: float
    started: float
    handled: int = 0  # items done
    failed: int = 0  # tries that raised
    bad: int = 0  # messages that could not be read
    set_aside: int = 0  # items given up
    last_error: str = ""

    @property
    def key(self) -> str:
        return f"{self.channel}:{self.host}:{self.pid}"


def _redis() -> Any:
    return get_channel_layer("work").connection(0)


def _prefix() -> str:
    return str(get_channel_layer("work").prefix)


async def beat(beat: Beat) -> None:
    """Write a beat. Raises redis' errors."""
    await _redis().set(f"{_prefix()}heartbeat:{beat.key}", json.dumps(asdict(beat)), ex=KEPT)


async def stop(beat: Beat) -> None:
    """Take back the beat of a worker that stops on purpose."""
    await _redis().delete(f"{_prefix()}heartbeat:{beat.key}")


async def beats() -> list[Beat]:
    """The beats of the last minute, by channel."""
    redis = _redis()
    found = []
    async for key in redis.scan_iter(match=f"{_prefix()}heartbeat:*"):
        text = await redis.get(key)
        if text:
            found.append(Beat(**json.loads(text)))
    return sorted(found, key=lambda beat: beat.key)


async def set_aside(channel: str, kind: str, error: str, at: float) -> None:
    """Remember an item that was given up: its type and what it raised (the last 100)."""
    key = f"{_prefix()}set-aside:{channel}"
    entry = json.dumps({"type": kind, "error": error[:500], "at": at})
    await _redis().lpush(key, entry)
    await _redis().ltrim(key, 0, 99)
