"""The outbox: one per interface process. What people say goes to the chat worker in batches that form by themselves.

One send is in flight; what arrives meanwhile is the next batch. So there is no delay when it is quiet, and few round
trips when it is not.
"""

import asyncio
import logging
import time
from collections import deque

from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from consumers.interface.transport.outlet import Outlet
from proj.layer.messages import MAX_MESSAGE_BYTES, ChatBatch
from proj.layer.names import CHAT
from proj.layer.publish import REDIS_TIMEOUT_SECONDS
from proj.metrics.definitions import OUTBOX_BATCHES, OUTBOX_COMMANDS, REFUSALS
from proj.monotonic import NEVER
from proj.rooms.log.commands import Command

logger = logging.getLogger(__name__)

WAITING = 10_000  # commands; beyond it, or beyond WAITING_BYTES, whoever speaks is told to wait
WAITING_BYTES = 32 * 2**20
BATCH = 256  # commands in a layer message
BATCH_BYTES = MAX_MESSAGE_BYTES // 2
# While commands come closer than CLOSE * PACE, batches go out PACE apart: each wakes Redis, the worker and this process
# again, and that costs more than a command in it. Whoever speaks after a quiet moment is heard at once, and batches
# that are LARGE by themselves do not wait: nothing would be gained.
PACE = 0.008  # seconds
CLOSE = 0.75
LARGE = 6.0  # commands
QUIET = 4.0  # times PACE: no longer silence is remembered, or pacing would begin too late after it
RETRY = 2.0  # seconds after which trying again is worth while
BUSY = "This could not be taken just now. It is safe to send it again in a moment."


def _size(command: Command) -> int:
    return 4 * len(command.text) + 100


class Outbox:
    """Hands commands to the worker. Whoever cannot be served is told so at once."""

    def __init__(self, process: str) -> None:
        self._process = process
        self._layer = get_channel_layer("work")
        self._waiting: deque[tuple[Outlet, Command, float]] = deque()  # and when it came
        self._bytes = 0
        self._sending: asyncio.Task[None] | None = None
        self._usual = 0.0  # commands in a batch, of late
        self._apart = QUIET * PACE  # seconds between two commands, of late
        self._came = self._sent = NEVER  # monotonic seconds: the newest command, and the end of the last batch

    def put(self, outlet: Outlet, command: Command) -> None:
        """Take a command; its answer reaches the outlet as an event, an ack or an error."""
        if len(self._waiting) >= WAITING or self._bytes >= WAITING_BYTES:
            self._busy([(outlet, command, 0.0)])
            return
        now = time.monotonic()
        self._apart += (min(now - self._came, QUIET * PACE) - self._apart) / 8
        self._came = now
        self._waiting.append((outlet, command, time.time()))
        self._bytes += _size(command)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.ensure_future(self._send())

    async def empty(self) -> None:
        """Wait until everything was handed over, or refused."""
        if self._sending is not None:
            await self._sending

    async def _send(self) -> None:
        while self._waiting:
            await self._keep_pace()
            batch = self._next()
            items = [(outlet.id, command.packed()) for outlet, command, _ in batch]
            received = [at for _, _, at in batch]
            message = ChatBatch(process=self._process, items=items, received=received)
            try:
                async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                    await self._layer.send(CHAT, message)
            except (ChannelFull, RedisError, OSError, TimeoutError) as error:
                logger.warning("the chat worker cannot be reached: %r", error)
                self._busy(batch)
            except Exception:
                logger.exception("a batch that cannot be sent")
                self._busy(batch)
            else:
                OUTBOX_BATCHES.inc()
                OUTBOX_COMMANDS.inc(len(batch))
            self._usual += (len(batch) - self._usual) / 8
            self._sent = time.monotonic()

    async def _keep_pace(self) -> None:
        """Wait until a batch may follow the last one."""
        early = self._sent + PACE - time.monotonic()
        if early > 0 and self._apart < CLOSE * PACE and self._usual < LARGE:
            await asyncio.sleep(early)

    def _next(self) -> list[tuple[Outlet, Command, float]]:
        batch: list[tuple[Outlet, Command, float]] = []
        size = 0
        while self._waiting and len(batch) < BATCH and size < BATCH_BYTES:
            batch.append(self._waiting.popleft())
            size += _size(batch[-1][1])
        self._bytes -= size
        return batch

    def _busy(self, batch: list[tuple[Outlet, Command, float]]) -> None:
        REFUSALS.labels("busy").inc(len(batch))
        for outlet, command, _ in batch:
            if command.verb != "seen":  # nobody waits for that
                outlet.tell(type="error", code="busy", detail=BUSY, client_id=command.client_id, retry_after=RETRY)
