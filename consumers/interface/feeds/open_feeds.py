"""The feeds of one kind that are open in this process."""

import asyncio
import random
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from typing import Generic, TypeVar

from consumers.interface.feeds.feed import Feed, Follower
from consumers.interface.feeds.stream import Head, Source
from consumers.interface.support.database import ask
from consumers.interface.support.subscriptions import Subscriptions
from consumers.interface.support.tasks import Tasks

POLL_SECONDS = 3.0  # between two polls of the heads in the database: a lost message costs no more than that

F = TypeVar("F", bound=Feed)
K = TypeVar("K", bound=Hashable)


class OpenFeeds(Generic[K, F]):
    """The open streams of one kind: a feed opens with its first follower, and closes after its last.

    `changed` is called with a key when this process has joined (True) or left (False) the group of that stream.
    """

    def __init__(
        self,
        make: Callable[[K, Source, Tasks], F],
        source: Source,
        subscriptions: Subscriptions,
        tasks: Tasks,
        changed: Callable[[K, bool], None] | None = None,
    ) -> None:
        self.open: dict[K, F] = {}
        self._make = make
        self._source = source
        self._subscriptions = subscriptions
        self._tasks = tasks
        self._changed = changed

    async def follow(self, key: K, follower: Follower) -> F:
        """Add `follower`, which holds live pieces back, to the feed of `key`, and wait for the layer for a moment."""
        feed = self.open.get(key)
        if feed is None:
            feed = self.open[key] = self._make(key, self._source, self._tasks)
        follower.feed = feed
        feed.followers.add(follower)
        await self._subscriptions.join(feed.group, partial(self._subscribed, key))
        return feed

    def leave(self, follower: Follower) -> None:
        """Remove `follower` from its feed, if it follows one."""
        feed, follower.feed = follower.feed, None
        if feed is not None:
            feed.followers.discard(follower)
            self._subscriptions.leave(feed.group)
            if not feed.followers:
                del self.open[feed.key]

    async def poll(self) -> None:
        """Find the pieces of lost messages, even when no other piece follows."""
        await asyncio.sleep(POLL_SECONDS * random.uniform(0.8, 1.0))  # noqa: S311 - processes do not ask together
        await self.poll_now(list(self.open))

    async def poll_now(self, keys: Iterable[K]) -> None:
        """Compare these feeds with the heads of their streams in the database."""
        # A head that was read is compared with the one delivered before: more may have been delivered meanwhile.
        before: dict[K, Head] = {}
        for key in keys:
            feed = self.open.get(key)
            if feed is not None and feed.head is not None and not feed.over:
                before[key] = Head(feed.head, feed.generation)
        if before:
            for key, head in (await ask(partial(self._source.heads, list(before)))).items():
                polled = self.open.get(key)
                if polled is not None and polled.generation == before[key].generation:  # or it was opened anew
                    polled.polled(head, before[key].position)
        for feed in list(self.open.values()):
            feed.fill()  # or try again, if the database refused

    def _subscribed(self, key: K, joined: bool) -> None:
        feed = self.open.get(key)
        if joined and feed is not None and feed.head is not None:  # it was open without the layer for a while
            self._tasks.spawn(self.poll_now([key]))
        if self._changed is not None:
            self._changed(key, joined)
