"""The members of members-only rooms."""

from django.db import models
from django.utils import timezone

from proj.accounts.models import User


class Membership(models.Model):
    """The fact that a person is a member of a members-only room."""

    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    since = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "room"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.room}"


def people_to_offer() -> models.QuerySet[User]:
    """Return the active people. An account of the machinery, which has a hidden room of its own, is none of them."""
    machines = Membership.objects.filter(room__hidden=True).values("user")
    return User.objects.filter(is_active=True).exclude(pk__in=machines)
