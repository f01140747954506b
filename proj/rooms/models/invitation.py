"""Links that let people into a members-only room, until they expire or are revoked.

A link is `<main address>/join/#<secret>`. Browsers never send the part behind the `#`, so it is in no log; the page
posts it. The database holds only its SHA-256: the secret has 256 bits, so a plain hash cannot be reversed.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from proj.accounts.limits.counting import INVITATIONS
from proj.accounts.models import User
from proj.rooms.errors import RoomError
from proj.rooms.models.room import Room


class BadInvitation(RoomError):
    """The link has expired, was revoked, or a part of it is missing."""

    message = _("This link lets nobody in (any more): it may have expired or been revoked. Ask for a fresh one.")


class Invitations(models.QuerySet["Invitation"]):
    """Queries for links into rooms."""

    def live(self) -> Self:
        """Return the links that still let people in."""
        good = Q(revoked_at=None, expires_at__gt=timezone.now(), made_by__is_active=True)
        return self.filter(good, room__archived_at=None, room__members_only=True)

    def end(self, made_by: User | None = None) -> None:
        """Revoke these links, or only those that `made_by` made."""
        mine = self if made_by is None else self.filter(made_by=made_by)
        mine.filter(revoked_at=None).update(revoked_at=timezone.now())


class Invitation(models.Model):
    """One link into one room."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="invitations")
    made_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    used = models.PositiveIntegerField(default=0, help_text="how many people came by it")

    objects: ClassVar[models.Manager["Invitation"]] = models.Manager.from_queryset(Invitations)()

    def __str__(self) -> str:
        return f"into {self.room} until {self.expires_at:%Y-%m-%d %H:%M} UTC"

    @classmethod
    def make(cls, room: Room, by: User, lasts: timedelta) -> str:
        """Return a fresh link into `room`. No other place ever has the whole link. Raises TooOften."""
        secret = secrets.token_urlsafe(32)
        with transaction.atomic():
            INVITATIONS.spend(by)
            cls.objects.create(room=room, made_by=by, hash=_hash(secret), expires_at=timezone.now() + lasts)
        return f"{settings.ADDRESSES[0]}/join/#{secret}"

    @classmethod
    def accept(cls, code: str, user: User) -> Room:
        """Let `user` in by this code or whole pasted link, and return the room. Raises BadInvitation."""
        found = cls.objects.live().select_related("room").filter(hash=_hash(code.strip().rpartition("#")[2])).first()
        if found is None:
            raise BadInvitation
        if found.room.memberships.filter(user=user).exists():
            return found.room
        with transaction.atomic():
            # the link may be revoked at this very moment
            if not cls.objects.live().filter(pk=found.pk).update(used=F("used") + 1):
                raise BadInvitation
            found.room.add_member(user, user)
        return found.room

    def revoke(self) -> None:
        """End the link; nobody comes in by it any more."""
        type(self).objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=timezone.now())


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
