"""The jobs of the clock for sockets of Channels 1.x code; none without a routing."""

import logging
from collections.abc import Callable

from channels.layers import get_channel_layer
from django.conf import settings

from proj.layer import loop
from proj.layer.messages import Turn, packed
from proj.layer.names import reply_channel
from proj.layer.redis.socket_registry import SocketRegistry
from proj.layer.redis.turn_queue import TurnQueue

logger = logging.getLogger(__name__)

DISCONNECT_CHANNEL = "websocket.disconnect"
CLOSED_ABNORMALLY = 1006
SWEEP_SECONDS = 10.0  # between two looks for dead interface processes
SWEEP_TIMEOUT_SECONDS = 10.0
SWEEP_SOCKETS = 500  # in one round trip


def send_lost_disconnects() -> None:
    """Hand the workers the disconnects of the sockets of dead interface processes. Raise redis' errors."""
    loop.run(_send_lost_disconnects(), SWEEP_TIMEOUT_SECONDS)


async def _send_lost_disconnects() -> None:
    layer = get_channel_layer("work")
    registry, queue = SocketRegistry(layer), TurnQueue(layer)
    for process in await registry.dead():
        sockets = list((await registry.sockets(process)).items())
        for start in range(0, len(sockets), SWEEP_SOCKETS):
            turns = [_disconnect(process, *item) for item in sockets[start : start + SWEEP_SOCKETS]]
            await queue.put([(DISCONNECT_CHANNEL, layer.serialize(turn)) for turn in turns])
        await registry.forget(process)  # last: a clock that dies before it sends them once more
        if sockets:
            logger.warning("an interface process died: sent the disconnects of %d sockets", len(sockets))


def _disconnect(process: str, number: int, path: str) -> Turn:
    content = {"reply_channel": reply_channel(process, number), "path": path, "order": 0, "code": CLOSED_ABNORMALLY}
    return Turn(channel=DISCONNECT_CHANNEL, contents=[packed(content)])


# seconds between two calls, and the function
JOBS: tuple[tuple[float, Callable[[], None]], ...] = (
    ((SWEEP_SECONDS, send_lost_disconnects),) if settings.CHANNEL_ROUTING else ()
)
