"""The runs of a service, for sockets that show the newest of them and go over to the next."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial

from django.db.models import F

from consumers.interface.feeds.open_feeds import POLL_SECONDS
from consumers.interface.feeds.runs import stage
from consumers.interface.support.database import ask
from consumers.interface.support.subscriptions import Subscriptions
from proj.layer import messages
from proj.layer.names import service_group
from proj.runs.models import Run, Service
from proj.runs.publishing import frames
from proj.runs.publishing.frames import RunState
from proj.runs.states import State

ServiceMessage = messages.RunState | messages.ServiceLine
Subscriber = Callable[[ServiceMessage], None]


class Services:
    """The subscribers of services: each is called with every state of the service's runs, and with every line."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions
        self._subscribers: dict[str, set[Subscriber]] = defaultdict(set)

    async def subscribe(self, uid: str, subscriber: Subscriber) -> None:
        """Call `subscriber` from now on, and wait for the layer for a moment."""
        self._subscribers[uid].add(subscriber)
        await self._subscriptions.join(service_group(uid))

    def unsubscribe(self, uid: str, subscriber: Subscriber) -> None:
        """Call `subscriber` no more; nothing happens when it did not subscribe."""
        if subscriber in self._subscribers.get(uid, ()):
            self._subscribers[uid].discard(subscriber)
            self._subscriptions.leave(service_group(uid))
            if not self._subscribers[uid]:
                del self._subscribers[uid]

    def deliver(self, uid: str, message: ServiceMessage) -> None:
        """Call the subscribers of a service."""
        for subscriber in list(self._subscribers.get(uid, ())):
            subscriber(message)

    async def poll(self) -> None:
        """Find the runs of lost messages."""
        await asyncio.sleep(POLL_SECONDS * random.uniform(0.8, 1.0))  # noqa: S311 - processes do not ask together
        if self._subscribers:
            for state in await ask(partial(newest_states, list(self._subscribers))):
                self.deliver(state["service"], messages.RunState(state=dict(state)))


def newest_states(uids: Iterable[str]) -> list[RunState]:
    """Return the states of these services' running runs and of their newest ones, in the order of their numbers."""
    services = list(Service.objects.filter(uid__in=list(uids)).values_list("pk", flat=True))
    runs = Run.objects.filter(service__in=services).select_related("service", "person")
    # Two queries: no index answers both, and a service may have a hundred thousand runs.
    found = {*runs.running(), *runs.filter(number=F("service__last_number"))}
    return [frames.state(run) for run in sorted(found, key=lambda run: run.number)]


def first_shown(uid: str) -> list[RunState]:
    """Return the states of the runs to show to a new viewer of a service.

    First comes the newest running run, else the first queued, else the newest; behind it the newest queued run, if
    that is another one.
    """
    service = Service.objects.filter(uid=uid).first()
    if service is None:
        return []
    runs = Run.objects.filter(service=service).select_related("service", "person")
    # By its number while that run is kept: for the greatest number SQLite may read through all runs.
    newest = runs.filter(number=service.last_number).first() or runs.order_by("-number").first()
    if newest is None:
        return []
    if newest.state != State.QUEUED:
        return [frames.state(newest)]
    first = runs.running().order_by("-number").first()
    first = first or runs.queued().order_by("number").first() or newest
    return [frames.state(run) for run in dict.fromkeys((first, newest))]


def takes_over(state: RunState, shown: RunState | None) -> bool:
    """Return whether a viewer should switch from `shown` to `state`. A running run is never left for a queued one."""
    if shown is None or state["number"] == shown["number"]:
        return shown is None
    if state["number"] > shown["number"]:
        return _has_begun(state) or stage(shown) == 2
    return stage(shown) == 0 and stage(state) == 1


def _has_begun(state: RunState) -> bool:
    return state["duration"] is not None
