"""A layer inside one process, for tests and programs without an interface process."""

import copy
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import ClassVar

from channels_legacy.layers import protocol
from channels_legacy.layers.contents import check_content, check_name
from channels_legacy.layers.protocol import Content


class InMemoryLayer:
    """Messages, groups and sessions in dictionaries. Times are in seconds, capacities in messages of one channel."""

    ChannelFull: ClassVar[type[Exception]] = protocol.ChannelFull
    MessageTooLarge: ClassVar[type[Exception]] = protocol.MessageTooLarge
    extensions = ["groups", "flush"]

    def __init__(
        self,
        expiry: float = 60,
        group_expiry: float = 86_400,
        capacity: int = 100,
        channel_capacity: Mapping[str, int] | None = None,
    ) -> None:
        self.expiry = expiry
        self.group_expiry = group_expiry
        self.capacity = capacity
        self.channel_capacity = dict(channel_capacity or {})
        self._lock = threading.RLock()
        self._queues: dict[str, deque[tuple[float, Content]]] = {}
        self._groups: dict[str, dict[str, float]] = {}
        self._sessions: dict[str, str] = {}

    def get_capacity(self, channel: str) -> int:
        """Return how many messages may wait on the channel: the first glob of `channel_capacity` that fits decides."""
        fitting = (size for pattern, size in self.channel_capacity.items() if fnmatchcase(channel, pattern))
        return next(fitting, self.capacity)

    def send(self, channel: str, content: Content) -> None:
        """Put a copy of `content` on the channel. Raise ChannelFull, TypeError or MessageTooLarge."""
        check_name(channel, "channel")
        if not isinstance(content, dict):
            raise TypeError(f"cannot send to {channel}: the content must be a dict, not {type(content).__name__}")
        check_content(content, channel)
        with self._lock:
            self._expire(channel)
            queue = self._queues.setdefault(channel, deque())
            if len(queue) >= self.get_capacity(channel):
                raise self.ChannelFull(f"the channel {channel} is full: {len(queue)} messages wait on it")
            queue.append((time.monotonic() + self.expiry, copy.deepcopy(content)))

    def receive_many(self, channels: Iterable[str], block: bool = False) -> tuple[str, Content] | tuple[None, None]:
        """Return the oldest message of the first channel that has one, or two Nones. It never waits."""
        with self._lock:
            for channel in channels:
                self._expire(channel)
                if queue := self._queues.get(channel):
                    return channel, queue.popleft()[1]
        return None, None

    receive = receive_many

    def new_channel(self, pattern: str) -> str:
        """Return an unused name that begins with `pattern`."""
        return f"{pattern}{secrets.token_hex(6)}"

    def group_add(self, group: str, channel: str) -> None:
        """Add the channel to the group."""
        check_name(group, "group")
        check_name(channel, "channel")
        with self._lock:
            self._groups.setdefault(group, {})[channel] = time.monotonic()

    def group_discard(self, group: str, channel: str) -> None:
        """Remove the channel from the group."""
        check_name(group, "group")
        check_name(channel, "channel")
        with self._lock:
            members = self._groups.get(group, {})
            members.pop(channel, None)
            if not members:
                self._groups.pop(group, None)

    def group_channels(self, group: str) -> list[str]:
        """Return the channels of the group in the order of joining."""
        with self._lock:
            oldest = time.monotonic() - self.group_expiry
            return [channel for channel, since in self._groups.get(group, {}).items() if since >= oldest]

    def send_group(self, group: str, content: Content) -> None:
        """Put a copy of `content` on each channel of the group, except on full ones."""
        check_name(group, "group")
        for channel in self.group_channels(group):
            try:
                self.send(channel, content)
            except self.ChannelFull:
                continue

    def session(self, reply_channel: str) -> Content:
        """Return a copy of the session of a socket, empty at first."""
        with self._lock:
            data: Content = json.loads(self._sessions.get(reply_channel, "{}"))
        return data

    def save_session(self, reply_channel: str, data: Content) -> None:
        """Replace the session of a socket."""
        text = json.dumps(data)
        with self._lock:
            self._sessions[reply_channel] = text

    find_session = session
    replace_session = save_session

    def end_session(self, reply_channel: str) -> None:
        """Forget the session of a socket."""
        with self._lock:
            self._sessions.pop(reply_channel, None)

    def flush(self) -> None:
        """Forget all messages, groups and sessions."""
        with self._lock:
            self._queues.clear()
            self._groups.clear()
            self._sessions.clear()

    def _expire(self, channel: str) -> None:
        """Delete the old messages of a channel; a channel that nobody reads leaves its groups too."""
        queue, now = self._queues.get(channel), time.monotonic()
        expired = False
        while queue and queue[0][0] < now:
            queue.popleft()
            expired = True
        if expired:
            for members in self._groups.values():
                members.pop(channel, None)
        if queue is not None and not queue:
            del self._queues[channel]
