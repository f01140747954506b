"""The causes for which queued runs wait, and their places in the queues of their services."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TypedDict
from uuid import UUID

from django.db.models import TextChoices

from proj.runs.models import Run
from proj.runs.states import State

MAX_BLOCKERS = 5  # runs that are named


class Cause(TextChoices):
    """The causes for which a queued run waits."""

    RUNS = "runs"  # one of the service's runs must end first
    WORKER = "worker"
    DISABLED = "disabled"  # the service is switched off


class Blocker(TypedDict):
    """A run of the same service."""

    run: str  # its id
    number: int


class Waiting(TypedDict):
    """The cause for which a queued run waits."""

    cause: str
    place: int  # in the queue of its service, from 1
    runs: list[Blocker]  # one of them must end first; at most MAX_BLOCKERS


def waiting(runs: Iterable[Run]) -> dict[UUID, Waiting]:
    """Return the causes for the queued ones of these runs, with one query for each service."""
    by_service = defaultdict(list)
    for run in runs:
        if run.state == State.QUEUED:
            by_service[run.service_id].append(run)
    return {run.pk: found for queued in by_service.values() for run, found in _of_service(queued)}


def _of_service(queued: list[Run]) -> Iterable[tuple[Run, Waiting]]:
    service = queued[0].service
    rows = service.runs.active().order_by("created_at", "number").values_list("pk", "number", "state")
    running: list[Blocker] = []
    queue: list[Blocker] = []
    for id, number, state in rows:  # workers claim them in this order
        (queue if state == State.QUEUED else running).append({"run": str(id), "number": number})
    places = {blocker["run"]: at for at, blocker in enumerate(queue)}
    for run in queued:
        ahead = places.get(str(run.pk))
        if ahead is None:
            continue  # it has begun meanwhile
        blockers = running + queue[: min(ahead, max(0, service.concurrency - len(running)))]
        if not service.enabled:
            cause = Cause.DISABLED
        elif len(blockers) < service.concurrency:
            cause = Cause.WORKER
        else:
            cause = Cause.RUNS
        named = blockers[:MAX_BLOCKERS] if cause == Cause.RUNS else []
        yield run, {"cause": str(cause), "place": ahead + 1, "runs": named}
