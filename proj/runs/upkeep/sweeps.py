"""Sweeps: runs of silent hosts, runs with a lost wake-up, and folders that no run needs."""

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from proj.layer.messages import RunsWake
from proj.layer.publish import publish, wake
from proj.runs.models import Run
from proj.runs.publishing import announcements, cards
from proj.runs.running import cleanup, endings
from proj.runs.running.spool import Spool
from proj.runs.states import State

logger = logging.getLogger(__name__)

SILENT_AFTER = timedelta(seconds=40)  # a host is taken for dead when its run's worker has not renewed for so long
FORGOTTEN_AFTER = timedelta(seconds=10)  # the workers are woken again for a run that has been queued for so long
ABANDONED_AFTER = timedelta(days=1)  # the rest of a lost run's output is no longer expected then


def lose_silent_runs() -> None:
    """Mark as lost the runs of hosts that fell silent, or were restarted and have no worker. Their output stays."""
    silent = Run.objects.running().filter(beat_at__lt=Now() - SILENT_AFTER)
    for run in silent.select_related("service", "person"):
        if run.host == settings.HOST:
            launcher = Spool(run.pk).launcher()
            if (launcher is not None and launcher.alive()) or Spool(run.pk).ending() is not None:
                continue  # the command goes on, or has ended; only the workers of this host are away
            state, values = endings.launcher_gone(run)
        else:
            state, values = endings.host_silent(run)
        unchanged = Run.objects.filter(pk=run.pk, beat_at__lte=run.beat_at)  # no worker has renewed meanwhile
        with transaction.atomic():
            if unchanged.move(state, worker="", lease_until=None, **values):
                logger.warning("%s is lost: %s", run, values["reason"])
                lost = Run.objects.select_related("service", "person").get(pk=run.pk)
                publish(announcements.of_state(lost), *cards.ended([lost]))


def wake_for_forgotten_runs() -> None:
    """Wake the workers when a run that could be claimed is still queued: its wake-up message was lost."""
    queued = Run.objects.queued().filter(service__enabled=True)
    if queued.filter(created_at__lt=timezone.now() - FORGOTTEN_AFTER).exists():
        wake(RunsWake())


def archive_abandoned_runs() -> None:
    """Archive the stored output of lost runs of hosts that have not come back."""
    limit = timezone.now() - ABANDONED_AFTER
    for run in Run.objects.filter(state=State.LOST, settled=False, worker="", ended_at__lt=limit):
        cleanup.clean_up(run.pk)


def remove_unneeded_folders() -> None:
    """Remove the folders on this host of runs that are archived or deleted."""
    if not settings.RUNS.is_dir():
        return
    names = {folder.name for folder in settings.RUNS.iterdir()}
    for name in names:
        try:
            id = UUID(name)
        except ValueError:
            continue  # not a run's folder
        needed = Run.objects.filter(pk=id, settled=False).exists()
        launcher = Spool(name).launcher()
        if not needed and not (launcher is not None and launcher.alive()):
            Spool(name).remove()
