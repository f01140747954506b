"""The outbox of an interface process: commands go to the chat worker in batches that form by themselves.

One send is in flight; the commands that arrive meanwhile are the next batch. So there is no delay when it is quiet, and
few round trips when it is not.
"""

import asyncio
import logging
import time
from collections import deque
from typing import NamedTuple

from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from consumers.interface.transport.outlet import Outlet
from proj.layer.messages import MAX_MESSAGE_BYTES, ChatBatch
from proj.layer.publish import REDIS_TIMEOUT_SECONDS
from proj.metrics.definitions import OUTBOX_BATCHES, OUTBOX_COMMANDS, REFUSALS
from proj.monotonic import NEVER
from proj.rooms.log.commands import Command

logger = logging.getLogger(__name__)

MAX_WAITING_COMMANDS = 10_000  # beyond it, or beyond MAX_WAITING_BYTES, the client is asked to wait
MAX_WAITING_BYTES = 32 * 2**20
BATCH_COMMANDS = 256  # in one layer message
BATCH_BYTES = MAX_MESSAGE_BYTES // 2
# While commands come closer than DENSE_SHARE of the interval, batches go out BATCH_INTERVAL_SECONDS apart: each wakes
# Redis, the worker and this process again, and that costs more than a command in it. A command after a quiet moment
# goes at once, and batches that are large by themselves do not wait: nothing would be gained.
BATCH_INTERVAL_SECONDS = 0.008
DENSE_SHARE = 0.75
LARGE_BATCH_COMMANDS = 6.0
# No longer silence counts in the average distance of commands, or pacing would begin too late after it.
MAX_DISTANCE_INTERVALS = 4.0
RETRY_SECONDS = 2.0  # after which trying again is worth while
BUSY = "This could not be taken just now. It is safe to send it again in a moment."


class _Item(NamedTuple):
    """A command that waits, the socket that it came from, and the wall-clock seconds of its arrival."""

    outlet: Outlet
    command: Command
    received_at: float


def _size(command: Command) -> int:
    return 4 * len(command.text) + 100


class Outbox:
    """Hands commands to the worker. A client that cannot be served is sent an error at once."""

    def __init__(self, process: str) -> None:
        self._process = process
        self._layer = get_channel_layer("work")
        self._waiting: deque[_Item] = deque()
        self._bytes = 0
        self._sending: asyncio.Task[None] | None = None
        self._usual_commands = 0.0  # in a batch, of late
        self._distance = MAX_DISTANCE_INTERVALS * BATCH_INTERVAL_SECONDS  # seconds between two commands, of late
        self._received_at = self._sent_at = NEVER  # monotonic seconds: the newest command, the end of the last batch

    def put(self, outlet: Outlet, command: Command) -> None:
        """Take a command; its answer reaches the outlet as an event, an acknowledgement or an error."""
        if len(self._waiting) >= MAX_WAITING_COMMANDS or self._bytes >= MAX_WAITING_BYTES:
            self._refuse([_Item(outlet, command, 0.0)])
            return
        now = time.monotonic()
        distance = min(now - self._received_at, MAX_DISTANCE_INTERVALS * BATCH_INTERVAL_SECONDS)
        self._distance += (distance - self._distance) / 8
        self._received_at = now
        self._waiting.append(_Item(outlet, command, time.time()))
        self._bytes += _size(command)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.ensure_future(self._send())

    async def empty(self) -> None:
        """Wait until every command was handed over, or refused."""
        if self._sending is not None:
            await self._sending

    async def _send(self) -> None:
        while self._waiting:
            await self._keep_interval()
            batch = self._next_batch()
            try:
                message = ChatBatch(
                    process=self._process,
                    items=[(item.outlet.id, item.command.packed()) for item in batch],
                    received=[item.received_at for item in batch],
                )
                async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                    await self._layer.send(message.CHANNEL, message)
            except (ChannelFull, RedisError, OSError, TimeoutError) as error:
                logger.warning("could not reach the chat worker: %r", error)
                self._refuse(batch)
            except Exception:
                logger.exception("could not send a batch of %d commands", len(batch))
                self._refuse(batch)
            else:
                OUTBOX_BATCHES.inc()
                OUTBOX_COMMANDS.inc(len(batch))
            self._usual_commands += (len(batch) - self._usual_commands) / 8
            self._sent_at = time.monotonic()

    async def _keep_interval(self) -> None:
        """Wait until a batch may follow the last one."""
        early = self._sent_at + BATCH_INTERVAL_SECONDS - time.monotonic()
        dense = self._distance < DENSE_SHARE * BATCH_INTERVAL_SECONDS
        if early > 0 and dense and self._usual_commands < LARGE_BATCH_COMMANDS:
            await asyncio.sleep(early)

    def _next_batch(self) -> list[_Item]:
        batch: list[_Item] = []
        size = 0
        while self._waiting and len(batch) < BATCH_COMMANDS and size < BATCH_BYTES:
            batch.append(self._waiting.popleft())
            size += _size(batch[-1].command)
        self._bytes -= size
        return batch

    def _refuse(self, batch: list[_Item]) -> None:
        REFUSALS.labels("busy").inc(len(batch))
        for outlet, command, _ in batch:
            if command.verb != "seen":  # no client waits for an answer to that
                busy = {"type": "error", "code": "busy", "detail": BUSY, "client_id": command.client_id}
                outlet.send(**busy, retry_after=RETRY_SECONDS)
