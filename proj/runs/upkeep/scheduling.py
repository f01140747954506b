"""Starts of scheduled services. The process that advances a service's `next_at` is the one that starts the run."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from proj.runs import actions
from proj.runs.catalog import schedules
from proj.runs.choices import Missed, Origin
from proj.runs.models import Service
from proj.runs.refusals import Refused

logger = logging.getLogger(__name__)

MISSED_AFTER = timedelta(seconds=90)  # a scheduled time that is older counts as missed
PARKED = timedelta(days=1)  # from a scheduled time without a usable one after it to the next start


def start_scheduled() -> None:
    """Start every service at or after its scheduled time."""
    now = timezone.now()
    for service in Service.objects.filter(enabled=True, next_at__lte=now):
        try:
            _start_due(service, now)
        except Exception:  # the other services are due all the same; this one is tried again
            logger.exception("%s could not be started as scheduled", service)


def _start_due(service: Service, now: datetime) -> None:
    scheduled_at = service.next_at
    assert scheduled_at is not None  # noqa: S101 - for the type checker
    try:
        with transaction.atomic():
            if _advance(service, scheduled_at, now):
                _start(service, scheduled_at, now)
    except Refused as refused:
        logger.warning("%s was not started as scheduled: %s", service, refused.detail)
        _advance(service, scheduled_at, now)  # the refusal has rolled the first one back


def _advance(service: Service, scheduled_at: datetime, now: datetime) -> bool:
    """Set the service's next scheduled time; return False when another clock has done so."""
    following = _following(service, max(now, scheduled_at))
    return bool(Service.objects.filter(pk=service.pk, next_at=scheduled_at).update(next_at=following))


def _following(service: Service, moment: datetime) -> datetime | None:
    """Return the scheduled time after `moment`. It is later by all means, or the service would start at every look."""
    following = schedules.after(moment, service.schedule, service.time_zone)
    if following is None or following > moment:
        return following
    logger.error(
        "%s starts next on %s: %s is the answer to its next time after %s", service, moment + PARKED, following, moment
    )
    return moment + PARKED


def _start(service: Service, scheduled_at: datetime, now: datetime) -> None:
    if now - scheduled_at > MISSED_AFTER and service.missed == Missed.SKIP:
        logger.warning("%s was not started as scheduled for %s: no clock ran then", service, scheduled_at)
        return
    actions.start(service, None, {}, origin=Origin.SCHEDULE)
