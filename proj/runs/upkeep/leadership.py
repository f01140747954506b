"""Leadership among clocks: of all `manage.py clock` processes of an installation, one does the work."""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from proj.runs.models import Lead

TERM = timedelta(seconds=15)  # a leader that does not renew its claim for so long can be replaced

_NAME = "clock"


def claim(holder: str) -> bool:
    """Become the leader, or stay it, for another term; return whether `holder` leads now."""
    now = timezone.now()
    claimable = Lead.objects.filter(Q(holder=holder) | Q(until__lt=now), name=_NAME)
    if claimable.update(holder=holder, until=now + TERM):
        return True
    try:
        with transaction.atomic():
            return Lead.objects.get_or_create(name=_NAME, defaults={"holder": holder, "until": now + TERM})[1]
    except IntegrityError:  # another clock was quicker
        return False


def resign(holder: str) -> None:
    """Let another clock lead at once."""
    Lead.objects.filter(name=_NAME, holder=holder).delete()
