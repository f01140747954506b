"""What must be done by itself for runs, now and then, by one process: sweeps, schedules and retention.

Each job is one conditional UPDATE at a time, so that even two clocks at once do nothing twice.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from proj.layer.names import RUNS
from proj.layer.publish import publish_many, wake
from proj.rooms.search import index
from proj.runs import actions
from proj.runs.catalog import schedules
from proj.runs.choices import Missed, Origin
from proj.runs.models import Lead, Run, Service
from proj.runs.output import archive
from proj.runs.publishing import announcements, cards
from proj.runs.refusals import Refused
from proj.runs.running import endings, settling
from proj.runs.running.spool import Spool
from proj.runs.states import State

logger = logging.getLogger(__name__)

LEAD = timedelta(seconds=15)  # how long a clock leads without saying so again
SILENT = timedelta(seconds=40)  # without a word from a run's worker until its host is taken for dead
FORGOTTEN = timedelta(seconds=10)  # that a run may be queued until workers are woken again
LATE = timedelta(seconds=90)  # after which a scheduled time counts as missed
ABANDONED = timedelta(days=1)  # until nobody waits any more for the rest of a lost run's output

Job = tuple[float, Callable[[], object]]


def lead(holder: str) -> bool:
    """Whether this clock is the one that leads, from now on or still."""
    now = timezone.now()
    mine = Lead.objects.filter(Q(holder=holder) | Q(until__lt=now), name="clock")
    if mine.update(holder=holder, until=now + LEAD):
        return True
    try:
        with transaction.atomic():
            return Lead.objects.get_or_create(name="clock", defaults={"holder": holder, "until": now + LEAD})[1]
    except IntegrityError:  # another one was quicker
        return False


def resign(holder: str) -> None:
    """Let another clock lead at once."""
    Lead.objects.filter(name="clock", holder=holder).delete()


# sweeps


def sweep_silent() -> None:
    """Runs whose host fell silent, or was restarted and has nobody to notice, are lost. Their output stays."""
    silent = Run.objects.running().filter(beat_at__lt=Now() - SILENT)
    for run in silent.select_related("service", "person"):
        if run.host == settings.HOST:
            launcher = Spool(run.pk).launcher()
            if (launcher is not None and launcher.alive()) or Spool(run.pk).ending() is not None:
                continue  # it goes on, or has ended; only the workers here are away
            state, values = endings.orphaned(run)
        else:
            state, values = endings.unheard(run)
        same = Run.objects.filter(pk=run.pk, beat_at__lte=run.beat_at)  # nobody has come back for it meanwhile
        with transaction.atomic():
            if same.move(state, worker="", lease_until=None, **values):
                logger.warning("%s is lost: %s", run, values["reason"])
                _tell(run)


def wake_forgotten() -> None:
    """Runs that wait although they might run: the message that told of them was lost."""
    waiting = Run.objects.queued().filter(service__enabled=True)
    if waiting.filter(created_at__lt=timezone.now() - FORGOTTEN).exists():
        wake(RUNS, {"type": "runs.wake"})


def settle_abandoned() -> None:
    """Lost runs whose host has not come back: what they had printed is archived without it."""
    limit = timezone.now() - ABANDONED
    for run in Run.objects.filter(state=State.LOST, settled=False, worker="", ended_at__lt=limit):
        settling.settle(run.pk)


def _tell(run: Run) -> None:
    lost = Run.objects.select_related("service", "person").get(pk=run.pk)
    publish_many(announcements.of_state(lost) + cards.ended([lost]))


# schedules


def start_scheduled() -> None:
    """Start what is due. Whoever moves a service's next time on is the one who starts it."""
    now = timezone.now()
    for service in Service.objects.filter(enabled=True, next_at__lte=now):
        try:
            _start_due(service, now)
        except Exception:  # the others are due all the same; this one is tried again
            logger.exception("%s could not be started as scheduled", service)


def _start_due(service: Service, now: datetime) -> None:
    at = service.next_at
    assert at is not None  # noqa: S101 - for the type checker
    try:
        with transaction.atomic():
            after = schedules.after(now, service.schedule, service.time_zone)
            if Service.objects.filter(pk=service.pk, next_at=at).update(next_at=after):
                _start(service, at, now)
    except Refused as refused:
        logger.warning("%s was not started as scheduled: %s", service, refused.detail)
        _move_on(service, at, now)


def _start(service: Service, at: datetime, now: datetime) -> None:
    if now - at > LATE and service.missed == Missed.SKIP:
        logger.warning("%s was not started as scheduled for %s: nothing ran here then", service, at)
        return
    actions.start(service, None, {}, origin=Origin.SCHEDULE)


def _move_on(service: Service, at: datetime, now: datetime) -> None:
    """It was refused, which took back the new time with everything else."""
    after = schedules.after(now, service.schedule, service.time_zone)
    Service.objects.filter(pk=service.pk, next_at=at).update(next_at=after)


# retention


def retain() -> None:
    """Delete ended runs that need not be kept any longer, with their output."""
    for service in Service.objects.all():
        ended = service.runs.filter(settled=True).order_by("-created_at")
        old = ended.none()
        if service.keep_days is not None:
            old |= ended.filter(ended_at__lt=timezone.now() - timedelta(days=service.keep_days))
        if service.keep_runs is not None:
            kept = list(ended.values_list("pk", flat=True)[: service.keep_runs])
            old |= ended.exclude(pk__in=kept)
        for run in list(old[:1000]):
            archive.forget(run)


def clear_folders() -> None:
    """Folders of runs on this host that nobody needs: their runs are settled, or not there any more."""
    if not settings.RUNS.is_dir():
        return
    names = {folder.name for folder in settings.RUNS.iterdir()}
    for name in names:
        try:
            id = UUID(name)
        except ValueError:
            continue  # not ours
        needed = Run.objects.filter(pk=id, settled=False).exists()
        launcher = Spool(name).launcher()
        if not needed and not (launcher is not None and launcher.alive()):
            Spool(name).remove()


# seconds between two times, and what is done then
JOBS: tuple[Job, ...] = (
    (1.0, start_scheduled),
    (1.0, index.keep_up),
    (5.0, sweep_silent),
    (5.0, wake_forgotten),
    (600.0, retain),
    (600.0, settle_abandoned),
    (600.0, clear_folders),
    (3600.0, index.sweep),
)
