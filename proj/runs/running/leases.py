"""Who follows which run: workers claim what is queued, renew what they hold, let go, and adopt what others let fall.

Each step is a conditional UPDATE; whoever changed the row has the run.
"""

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Self
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

LEASE = timedelta(seconds=20)  # how long a worker has a run without saying so again
RENEW = 5.0  # seconds between two renewals


@dataclass(frozen=True, slots=True)
class Holder:
    """A worker process, told apart from every other on any host."""

    host: str
    boot: str
    pid: int
    start: int

    @classmethod
    def this(cls) -> Self:
        """The process that asks."""
        return cls(settings.HOST, processes.boot(), os.getpid(), processes.start_of(os.getpid()) or 0)

    @property
    def name(self) -> str:
        """As the rows have it."""
        return f"{self.host}:{self.pid}:{self.start}"


def claim(holder: Holder, most: int) -> list[Run]:
    """Take up to `most` queued runs, the oldest services' turn first, as many of each as may run at once."""
    waiting = Service.objects.filter(enabled=True, runs__state=State.QUEUED, runs__settled=False)
    turns = waiting.annotate(oldest=Min("runs__created_at")).order_by("oldest").values_list("pk", flat=True)
    claimed: list[Run] = []
    for service_id in list(turns):
        if len(claimed) >= most:
            break
        claimed += _claim_of(holder, service_id, most - len(claimed))
    return claimed


def _claim_of(holder: Holder, service_id: int, most: int) -> list[Run]:
    with transaction.atomic():
        service = Service.objects.select_for_update().get(pk=service_id)  # starts and claims of it one after the other
        free = service.concurrency - service.runs.running().count()
        queued = service.runs.queued().order_by("created_at", "number")
        ids = list(queued.values_list("pk", flat=True)[: max(0, min(free, most))])
        now = timezone.now()
        runs = Run.objects.filter(pk__in=ids)
        if not runs.move(State.RUNNING, claimed_at=now, host=holder.host, boot=holder.boot, **_held(holder)):
            return []
        return list(runs.filter(worker=holder.name).select_related("service", "person").order_by("created_at"))


def _held(holder: Holder) -> dict[str, object]:
    # Leases are for this host only; of beats another host's clock hears, which may go otherwise than ours.
    return {"worker": holder.name, "beat_at": Now(), "lease_until": timezone.now() + LEASE}


def renew(holder: Holder) -> None:
    """Say that this worker is there: for all of its runs at once."""
    held(holder).update(**_held(holder))


def let_go(holder: Holder, ids: Iterable[UUID]) -> None:
    """Leave these runs to whoever comes next."""
    held(holder).filter(pk__in=list(ids)).update(worker="", lease_until=None, beat_at=Now())


def canceled(host: str) -> list[UUID]:
    """The runs on this host that somebody wants ended, whichever worker has them."""
    runs = Run.objects.running().filter(host=host)
    return list(runs.exclude(cancel_requested_at=None).values_list("pk", flat=True))


def held(holder: Holder) -> RunSet:
    """The runs that this worker has in hand."""
    return _begun().filter(host=holder.host, worker=holder.name)


def strays(holder: Holder, in_hand: Collection[UUID]) -> list[Run]:
    """The runs that are this worker's by their rows, and that it has not `in_hand`: it was interrupted in between."""
    return list(held(holder).exclude(pk__in=in_hand).select_related("service", "person").order_by("created_at"))


def _begun() -> RunSet:
    """Runs that somebody must have in hand: those that run, and those that ended and are not cleared away yet."""
    return Run.objects.filter(settled=False).exclude(state=State.QUEUED)


def call_host(holder: Holder) -> None:
    """Have the runs of this host's present boot stand under the name that it has now.

    Another installation on this host, which has a name of its own, has their folders.
    """
    for id in _begun().filter(boot=holder.boot).exclude(host=holder.host).values_list("pk", flat=True):
        if Spool(id).path.exists():
            _begun().filter(pk=id).update(host=holder.host)


def adopt(holder: Holder, most: int) -> list[Run]:
    """Take runs of this host that nobody has in hand: let go, expired, or of a worker that is not alive any more."""
    mine = _begun().filter(host=holder.host).exclude(worker=holder.name)
    adopted: list[UUID] = []
    for id, worker, until in list(mine.order_by("created_at").values_list("pk", "worker", "lease_until")[: 10 * most]):
        if len(adopted) >= most:
            break
        if worker and until and until > timezone.now() and _alive(worker):
            continue
        if _begun().filter(pk=id, worker=worker, lease_until=until).update(**_held(holder)):
            adopted.append(id)
    return list(Run.objects.filter(pk__in=adopted).select_related("service", "person").order_by("created_at"))


def _alive(worker: str) -> bool:
    """Whether that worker of this host is a living process."""
    try:
        pid, start = worker.rsplit(":", 2)[1:]
        return processes.alive(int(pid), int(start))
    except ValueError:
        return False
