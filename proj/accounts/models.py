"""The people of this installation, and their preferences."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from proj.accounts import links
from proj.accounts.access import AccessChange, AccessSet
from proj.accounts.display_name import DisplayNameField
from proj.accounts.limits.counting import NAME_CHANGES, ActionCount
from proj.accounts.links import BadLink
from proj.accounts.preferences import Keyword, Preferences
from proj.accounts.records.models import SessionRecord

__all__ = ["AccessChange", "ActionCount", "Keyword", "People", "Preferences", "SessionRecord", "User"]


class PeopleSet(AccessSet["User"]):
    """Queries for people, and changes of many of them at once."""

    access_fields = frozenset({"password", "is_active", "is_staff"})


class People(UserManager["User"]):
    """All people, and the ways in which a person is added or claims a sign-in link."""

    use_in_migrations = False

    def get_queryset(self) -> PeopleSet:
        return PeopleSet(self.model, using=self._db)

    def add(self, name: str, *, admin: bool = False) -> "User":
        """Return a new active person without a password. Raise ValidationError for a bad or taken name."""
        person = self.model(username=self.model.normalize_username(name), is_staff=admin, is_superuser=admin)
        person.set_unusable_password()
        person.full_clean()
        person.save(using=self._db)
        return person

    def administrators(self) -> models.QuerySet["User"]:
        """Return the superusers that can sign in."""
        return self.filter(is_superuser=True, is_active=True)

    def claim_link(self, code: str) -> "User":
        """Use up the one-time link with this code and return its person. Raise BadLink."""
        number, token = links.parts(code)
        person = self.filter(pk=number, is_active=True).first()
        if person is None or not links.tokens.check_token(person, token):
            raise BadLink
        # Two requests may reach this line with one code; only one of them changes the row.
        now = timezone.now()
        unused = self.filter(pk=number, is_active=True, password=person.password, last_login=person.last_login)
        if unused.update(last_login=now) != 1:
            raise BadLink
        person.last_login = now
        return person


class User(AbstractUser):
    """A person, or the doctor. People sign in with name and password, the first time with a one-time link.

    `username` identifies a person everywhere; `display_name` is only shown beside it.
    """

    display_name = DisplayNameField()

    objects: ClassVar[People] = People()

    class Meta(AbstractUser.Meta):
        constraints = [
            # Readers would take alice and Alice on one page for the same person.
            models.UniqueConstraint(
                Lower("username"),
                name="accounts_user_one_name_in_any_case",
                violation_error_message=_("A user with that username already exists."),
            )
        ]

    def __str__(self) -> str:
        return self.username

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():  # with the record of a change of access
            super().save(*args, **kwargs)

    def sign_in_link(self) -> str:
        """Return an address that signs this person in once, within PASSWORD_RESET_TIMEOUT seconds."""
        return links.link(self.pk, links.tokens.make_token(self))

    def call(self, name: str) -> None:
        """Set and save the display name; "" shows the sign-in name alone. Raise ValidationError, TooOften."""
        if name == self.display_name:
            return
        with transaction.atomic():
            NAME_CHANGES.spend(self)
            self.display_name = name
            self.clean_fields(exclude=[field.name for field in self._meta.fields if field.name != "display_name"])
            self.save(update_fields=["display_name"])

    def deactivate(self) -> None:
        """Lock this person out: sessions, links and the password stop working; messages stay."""
        self.is_active = False
        self.save(update_fields=["is_active"])
