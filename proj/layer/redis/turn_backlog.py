"""The state of the turns of Channels 1.x code in Redis, for the doctor and the metrics: those that wait, those lost."""

import time
from typing import Any, NamedTuple

import msgspec
from channels.layers import get_channel_layer

from proj.layer.redis.turn_queue import TurnQueue

LOST_EXPIRY_SECONDS = 86_400
MAX_LOST_TURNS = 100  # that are kept, the newest ones
MAX_BACKLOG_CHANNELS = 100  # a team's code may send to any number of names


class WaitingTurns(NamedTuple):
    """The turns of one channel that no worker has taken: their number, and the age of the oldest in seconds."""

    turns: int
    oldest_seconds: float


class LostTurn(msgspec.Struct):
    """A turn whose worker died: its channel, the consumer if it is known, and the Unix time of the finding."""

    channel: str
    consumer: str
    at: float


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(LostTurn).decode


async def backlogs() -> dict[str, WaitingTurns]:
    """Return the backlog of each channel with turns that wait. Raise redis' errors."""
    layer: Any = get_channel_layer("work")
    redis, prefix = layer.connection(0), TurnQueue(layer).key("")
    found: dict[str, WaitingTurns] = {}
    async for key in redis.scan_iter(match=f"{prefix}*", count=1000):
        oldest = await redis.zrange(key, 0, 0, withscores=True)
        if oldest and len(found) < MAX_BACKLOG_CHANNELS:
            channel = key.decode("utf-8", "replace").removeprefix(prefix)
            found[channel] = WaitingTurns(await redis.zcard(key), max(0.0, time.time() - oldest[0][1]))
    return dict(sorted(found.items()))


async def note_lost(turns: list[LostTurn]) -> None:
    """Store turns that were lost, for a day. Raise redis' errors."""
    layer: Any = get_channel_layer("work")
    key, redis = f"{layer.prefix}turns-lost", layer.connection(0)
    await redis.lpush(key, *(_encode(turn) for turn in turns))
    await redis.ltrim(key, 0, MAX_LOST_TURNS - 1)
    await redis.expire(key, LOST_EXPIRY_SECONDS)


async def lost_turns() -> list[LostTurn]:
    """Return the turns that were lost within a day, the newest first. Raise redis' errors."""
    layer: Any = get_channel_layer("work")
    return [_decode(item) for item in await layer.connection(0).lrange(f"{layer.prefix}turns-lost", 0, -1)]
