"""Leases: workers claim queued runs, renew the leases they hold, release them, and adopt the runs of dead workers.

Each step is a conditional UPDATE; the worker that changed the row holds the run.
"""

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self, TypedDict
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.db.models.functions import Now
from django.utils import timezone

from proj.runs.models import Run, RunSet, Service
from proj.runs.running import processes
from proj.runs.running.spool import Spool
from proj.runs.states import State

LEASE = timedelta(seconds=20)  # a worker that does not renew for so long can be replaced
RENEWAL_PERIOD_SECONDS = 5.0
SCANNED_PER_ADOPTION = 10  # rows that adopt() reads for each run that it may take


@dataclass(frozen=True, slots=True)
class Holder:
    """The identity of a worker process, unique on every host."""

    host: str
    boot: str
    pid: int
    start: int  # clock ticks since boot

    @classmethod
    def this(cls) -> Self:
        """Return the identity of the current process."""
        return cls(settings.HOST, processes.boot(), os.getpid(), processes.start_of(os.getpid()) or 0)

    @property
    def name(self) -> str:
        """The holder as the rows have it, `host:pid:start`."""
        return f"{self.host}:{self.pid}:{self.start}"


class LeaseFields(TypedDict):
    """The fields of a run's row that hold its lease."""

    worker: str
    beat_at: Now
    lease_until: datetime


def claim(holder: Holder, limit: int) -> list[Run]:
    """Take up to `limit` queued runs, the services in the order of their oldest run, within their concurrency."""
    waiting = Service.objects.filter(enabled=True, runs__state=State.QUEUED, runs__settled=False)
    turns = waiting.annotate(oldest=Min("runs__created_at")).order_by("oldest").values_list("pk", flat=True)
    claimed: list[Run] = []
    for service_id in list(turns):
        if len(claimed) >= limit:
            break
        claimed += _claim_of(holder, service_id, limit - len(claimed))
    return claimed


def _claim_of(holder: Holder, service_id: int, limit: int) -> list[Run]:
    with transaction.atomic():
        service = Service.objects.select_for_update().get(pk=service_id)  # one start or claim of it at a time
        free = service.concurrency - service.runs.running().count()
        queued = service.runs.queued().order_by("created_at", "number")
        ids = list(queued.values_list("pk", flat=True)[: max(0, min(free, limit))])
        now = timezone.now()
        runs = Run.objects.filter(pk__in=ids)
        if not runs.move(State.RUNNING, claimed_at=now, host=holder.host, boot=holder.boot, **_lease(holder)):
            return []
        return list(runs.filter(worker=holder.name).select_related("service", "person").order_by("created_at"))


def _lease(holder: Holder) -> LeaseFields:
    # Only this host reads leases, by its own clock. Other hosts' clocks may differ: they read `beat_at`.
    return {"worker": holder.name, "beat_at": Now(), "lease_until": timezone.now() + LEASE}


def renew(holder: Holder) -> None:
    """Renew the leases of all runs that this worker holds."""
    held(holder).update(**_lease(holder))


def release(holder: Holder, ids: Iterable[UUID]) -> None:
    """Give up the leases of these runs, so that any worker of this host can adopt them."""
    held(holder).filter(pk__in=list(ids)).update(worker="", lease_until=None, beat_at=Now())


def postpone(holder: Holder, run: Run) -> None:
    """Release a claimed run that surely has not begun, so that a worker of this host launches it later."""
    held(holder).filter(pk=run.pk).update(worker="", lease_until=None, beat_at=Now(), claimed_at=timezone.now())


def cancel_requests(host: str) -> list[UUID]:
    """Return the running runs on this host that are to be ended, whichever worker holds them."""
    runs = Run.objects.running().filter(host=host)
    return list(runs.exclude(cancel_requested_at=None).values_list("pk", flat=True))


def held(holder: Holder) -> RunSet:
    """Return the runs that this worker has leases of."""
    return _unsettled().filter(host=holder.host, worker=holder.name)


def strays(holder: Holder, known: Collection[UUID]) -> list[Run]:
    """Return the runs that this worker holds by their rows but does not know: an error interrupted it in between."""
    return list(held(holder).exclude(pk__in=known).select_related("service", "person").order_by("created_at"))


def _unsettled() -> RunSet:
    """Return the runs that need a worker: those that run, and those that ended and are not archived yet."""
    return Run.objects.filter(settled=False).exclude(state=State.QUEUED)


def rename_host(holder: Holder) -> None:
    """Move the runs of this host's present boot to the name that the host has now.

    The runs of another installation on this host, which has a name of its own, have no folder here.
    """
    for id in _unsettled().filter(boot=holder.boot).exclude(host=holder.host).values_list("pk", flat=True):
        if Spool(id).path.exists():
            _unsettled().filter(pk=id).update(host=holder.host)


def adopt(holder: Holder, limit: int) -> list[Run]:
    """Take up to `limit` runs of this host with a lease that was released, has expired, or is a dead worker's."""
    rows = _unsettled().filter(host=holder.host).exclude(worker=holder.name).order_by("created_at")
    adopted: list[UUID] = []
    for id, worker, until in list(rows.values_list("pk", "worker", "lease_until")[: SCANNED_PER_ADOPTION * limit]):
        if len(adopted) >= limit:
            break
        if worker and until and until > timezone.now() and _alive(worker):
            continue
        if _unsettled().filter(pk=id, worker=worker, lease_until=until).update(**_lease(holder)):
            adopted.append(id)
    return list(Run.objects.filter(pk__in=adopted).select_related("service", "person").order_by("created_at"))


def _alive(worker: str) -> bool:
    """Return whether the worker of this host with this name is a living process."""
    try:
        pid, start = worker.rsplit(":", 2)[1:]
        return processes.alive(int(pid), int(start))
    except ValueError:
        return False
