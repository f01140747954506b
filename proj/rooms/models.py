"""Rooms, who may be in them, and the one log of events that each of them has."""

import secrets
import unicodedata
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone

from proj.accounts.models import User
from proj.rooms import names

if TYPE_CHECKING:
    from proj.rooms.log import Outcome


def new_epoch() -> str:
    """A name for one unbroken life of a room's log; a restored backup begins another."""
    return secrets.token_hex(4)


class RoomSet(models.QuerySet["Room"]):
    """Rooms as one person may see them."""

    def of(self, user: User) -> "RoomSet":
        """The rooms that `user` may read and post in. Forbidden ones cannot be found through it."""
        mine = models.Q(memberships__user=user)
        return self.filter(models.Q(members_only=False) | mine, hidden=False, archived_at=None).distinct()

    def named(self, name: str) -> "Room":
        """The room called `name`, whatever its case and composition. Raises Room.DoesNotExist."""
        return self.get(key=names.key(name))


class Room(models.Model):
    """A place to talk: an event log that everyone in it sees in the same order."""

    name = models.CharField(max_length=100)
    key = models.CharField(max_length=200, unique=True, editable=False, help_text="the name as it is compared")
    members_only = models.BooleanField(default=False)
    hidden = models.BooleanField(default=False, help_text="belongs to the machinery, not shown to people")
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    epoch = models.CharField(max_length=16, default=new_epoch, editable=False)
    seq = models.PositiveBigIntegerField(default=0, editable=False, help_text="the newest event's number")

    objects: ClassVar[models.Manager["Room"]] = models.Manager.from_queryset(RoomSet)()

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        self.name = names.checked(self.name)
        self.key = names.key(self.name)
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def get_absolute_url(self) -> str:
        return reverse("rooms:room", args=[self.name])
