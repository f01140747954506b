"""The groups of the layer that this process is in, by reference count.

One channel of the layer receives the messages of all groups, and is never given up: with a channel per socket, closing
one socket can drop a message meant for another. The layer itself renews its groups when Redis comes back; a group that
could not be joined while Redis was away is joined here.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from redis.exceptions import RedisError

from proj.layer.messages import InterfaceMessage
from proj.metrics.definitions import UNREADABLE

logger = logging.getLogger(__name__)

JOIN_TIMEOUT_SECONDS = 1.0  # that a socket waits for the layer before it goes on without

Changed = Callable[[bool], None]  # called with True when a group was joined, with False after its last reference


class _Group:
    """The references to one group, and whether this process is in the group."""

    __slots__ = ("changed", "count", "joined")

    def __init__(self) -> None:
        self.count = 0
        self.joined = asyncio.Event()
        self.changed: Changed | None = None

    def notify(self) -> None:
        """Call `changed`, if the references have one."""
        if self.changed is not None:
            self.changed(self.joined.is_set())


class Subscriptions:
    """Joins a group with its first reference, and leaves the group after the last one.

    `renewed` is called when messages arrive again after they could not: some may have been lost.
    """

    def __init__(self, layer: Any, own_groups: Sequence[str], renewed: Callable[[], None]) -> None:
        self._layer = layer
        self._own_groups = own_groups  # those that every process is in
        self._renewed = renewed
        self._groups: dict[str, _Group] = {}
        self._changes: set[str] = set()  # groups that are still to be joined or left
        self._has_changes = asyncio.Event()
        self._channel = self._new_channel = ""
        self._opening = asyncio.Lock()
        self._away = False  # Redis is away, and the log says so

    def __contains__(self, group: str) -> bool:
        """Return whether this process is in `group` now."""
        return group in self._groups and self._groups[group].joined.is_set()

    def __len__(self) -> int:
        """Return the number of groups that are joined, or are about to be joined or left."""
        return len(self._groups)

    async def join(self, group: str, changed: Changed | None = None) -> None:
        """Add a reference to `group`, and wait until the group is joined, or a moment: Redis may be away."""
        entry = self._groups.setdefault(group, _Group())
        entry.count += 1
        entry.changed = changed
        if not entry.joined.is_set():
            self._change(group)
            try:
                await asyncio.wait_for(entry.joined.wait(), JOIN_TIMEOUT_SECONDS)
            except TimeoutError:
                self._report_away()

    def leave(self, group: str) -> None:
        """Remove one reference to `group`."""
        entry = self._groups[group]
        entry.count -= 1
        if not entry.count:
            self._change(group)

    def call_when_renewed(self, call: Callable[[], None]) -> None:
        """Call `call` each time that messages arrive again after they could not."""
        self._layer.call_when_renewed(call)

    async def ready(self) -> None:
        """Wait until this process receives messages to all processes, or a moment: Redis may be away."""
        try:
            async with asyncio.timeout(JOIN_TIMEOUT_SECONDS):
                await self._open_channel()
        except (RedisError, OSError, TimeoutError):
            self._report_away()

    async def receive(self) -> list[InterfaceMessage]:
        """Return the next messages to this process, oldest first. Unreadable messages are logged and left out."""
        channel = self._channel or await self._open_channel()
        messages: list[InterfaceMessage] = await self._layer.receive_all(channel, _unreadable)
        return messages

    async def synchronize(self) -> None:
        """Wait for changes, then join and leave groups until they match the references. Called again and again."""
        await self._has_changes.wait()
        while self._changes:
            channel = await self._open_channel()
            failure: Exception | None = None
            for name in list(self._changes):
                try:
                    await self._synchronize_group(name, channel)
                except (RedisError, OSError) as error:  # of several Redis hosts another one may answer
                    failure = error
            if failure is not None:
                raise failure
        self._has_changes.clear()  # not before all are done: after a failure the next call goes on from there

    async def _synchronize_group(self, name: str, channel: str) -> None:
        group = self._groups[name]
        if group.count and not group.joined.is_set():
            await self._layer.group_add(name, channel)
            group.joined.set()
            group.notify()
            self._away = False
        elif not group.count and group.joined.is_set():
            await self._layer.group_discard(name, channel)
            group.joined.clear()
        if bool(group.count) == group.joined.is_set():
            self._changes.discard(name)
            if not group.count:
                del self._groups[name]
                group.notify()

    def _change(self, group: str) -> None:
        self._changes.add(group)
        self._has_changes.set()

    async def _open_channel(self) -> str:
        async with self._opening:
            # After an attempt that failed half-way the channel is in a group already: its messages must be read.
            self._new_channel = self._new_channel or await self._layer.new_channel()
            if not self._channel:
                self._layer.call_when_renewed(self._renewed)
                for group in self._own_groups:
                    await self._layer.group_add(group, self._new_channel)
                self._channel = self._new_channel
                self._renewed()
        return self._channel

    def _report_away(self) -> None:
        if not self._away:
            self._away = True
            logger.warning("sockets open without live messages: Redis is away")


def _unreadable(data: bytes, error: Exception) -> None:
    UNREADABLE.labels("mailbox").inc()
    logger.error("cannot read a message of %d bytes: %r", len(data), error)
