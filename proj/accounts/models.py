"""Who people are."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager


class User(AbstractUser):
    """A person, or the doctor. Signs in with a name and a password, the first time with a one-time link."""

    objects: ClassVar[UserManager["User"]] = UserManager()

    def __str__(self) -> str:
        return self.username
