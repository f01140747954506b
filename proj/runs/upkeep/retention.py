"""Retention: deletes ended runs, with their output, as their services say."""

from datetime import timedelta

from django.utils import timezone

from proj.runs.models import Service
from proj.runs.output import archive

MAX_DELETIONS = 1000  # runs of one service that one call deletes


def delete_expired_runs() -> None:
    """Delete the ended runs that are beyond their service's `keep_days` or `keep_runs`."""
    for service in Service.objects.all():
        ended = service.runs.filter(settled=True).order_by("-created_at")
        expired = ended.none()
        if service.keep_days is not None:
            expired |= ended.filter(ended_at__lt=timezone.now() - timedelta(days=service.keep_days))
        if service.keep_runs is not None:
            kept = list(ended.values_list("pk", flat=True)[: service.keep_runs])
            expired |= ended.exclude(pk__in=kept)
        for run in list(expired[:MAX_DELETIONS]):
            archive.forget(run)
