"""Limits on what one person may do or create in a period: counted in the database, which all processes share.

A row for each person and kind of action counts the actions of one period, which begins with the first of them. The
count is raised in the transaction of the action, so an action that fails costs nothing.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import ngettext

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MAX_TRIES = 10  # to count one action


class TooOften(Exception):
    """The person has done this as often as the setting allows. `retry_after`: seconds until it is allowed again."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(retry_after)
        self.retry_after = max(retry_after, 1.0)

    def __str__(self) -> str:
        minutes = -int(-self.retry_after // 60)
        sentence = ngettext(
            "You have done this too often. Try again in %(count)d minute.",
            "You have done this too often. Try again in %(count)d minutes.",
            minutes,
        )
        return sentence % {"count": minutes}


@dataclass(frozen=True, slots=True)
class Limit:
    """How often one person may do something: the setting says how many times in `period`; 0: any number of times."""

    action: str
    setting: str
    period: timedelta

    def spend(self, person: Any) -> None:
        """Count one more action of `person`. Raises TooOften, and then the action must not be done."""
        allowed: int = getattr(settings, self.setting)
        if allowed:
            with transaction.atomic():
                # Another process may change the row between two statements.
                if not any(self._count(person.pk, allowed) for _ in range(MAX_TRIES)):
                    raise TooOften(1.0)

    def _count(self, user_id: int, allowed: int) -> bool:
        """Count one action; return False when the row changed between the statements. Raises TooOften."""
        now = timezone.now()
        mine = ActionCount.objects.filter(user_id=user_id, action=self.action)
        if mine.filter(since__gt=now - self.period, count__lt=allowed).update(count=F("count") + 1):
            return True
        if mine.filter(since__lte=now - self.period).update(since=now, count=1):
            return True
        row = mine.first()
        if row is not None:
            if row.count >= allowed:
                raise TooOften((row.since + self.period - now).total_seconds())
            return False
        try:
            with transaction.atomic():
                ActionCount.objects.create(user_id=user_id, action=self.action, since=now, count=1)
        except IntegrityError:
            return False
        return True


class ActionCount(models.Model):
    """How often a person has done something since the beginning of a period."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    action = models.CharField(max_length=20)
    since = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        app_label = "accounts"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "action"], name="action_count_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.action}: {self.count} since {self.since}"


NEW_ROOMS = Limit("room", "NEW_ROOMS_PER_HOUR", HOUR)
INVITATIONS = Limit("invitation", "INVITATIONS_PER_HOUR", HOUR)
NAME_CHANGES = Limit("name", "NAME_CHANGES_PER_HOUR", HOUR)
RUN_STARTS = Limit("run", "RUN_STARTS_PER_HOUR", HOUR)
SEARCHES = Limit("search", "SEARCHES_PER_MINUTE", MINUTE)
