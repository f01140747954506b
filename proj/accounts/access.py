"""Changes of access: recorded in the transaction of the change, and announced to the interface processes after it.

The record is what counts: each process looks for new records every few seconds, so a message that the layer lost costs
no more than that.
"""

from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from django.db import models, transaction
from django.utils import timezone

from proj.layer.messages import AccessChanged
from proj.layer.publish import publish

EVERYBODY = 0
RECORDS_KEPT = timedelta(hours=1)

M_co = TypeVar("M_co", bound=models.Model, covariant=True)


class AccessChange(models.Model):
    """The fact that a person (or anybody: EVERYBODY) may have lost access to something.

    A row for each change, and not one counter: rows lock nothing, so changes wait neither for each other nor for
    messages, and no two transactions can deadlock over them.
    """

    user_id = models.PositiveBigIntegerField()  # no foreign key: it would lock the person's row, or delete the record
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "accounts"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id or 'everybody'} at {self.at}"


class AccessSet(models.QuerySet[M_co]):
    """The base of the queries for rows that decide on access: `update()` of such a field is a change, too."""

    access_fields: ClassVar[frozenset[str]] = frozenset()

    def update(self, **values: Any) -> int:
        if not values.keys() & self.access_fields:
            return super().update(**values)
        with transaction.atomic(using=self.db):
            rows = super().update(**values)
            if rows:
                changed()
        return rows


def changed(user_id: int = EVERYBODY) -> None:
    """Record that one person, or everybody, may have lost access. After the commit their sockets are checked.

    Call it in the transaction of the change.
    """
    AccessChange.objects.create(user_id=user_id)
    publish(AccessChanged(user=user_id))


def changes_after(number: int) -> list[tuple[int, int]]:
    """Return the records after `number`, each as its number and the id of the person (EVERYBODY: anybody)."""
    return list(AccessChange.objects.filter(pk__gt=number).order_by("pk").values_list("pk", "user_id"))


def forget_old_changes() -> None:
    """Delete the records that every process has read long ago."""
    AccessChange.objects.filter(at__lt=timezone.now() - RECORDS_KEPT).delete()
