"""A person's choices for the pages. A person without a row has the defaults."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Theme(models.TextChoices):
    """The colour scheme of the pages."""

    SYSTEM = "system", _("As the device has it")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class Clock(models.TextChoices):
    """The notation of times of day. The values go to static/shared/times.js."""

    HOURS_24 = "24", _("24 hours: 14:05")
    HOURS_12 = "12", _("12 hours: 2:05 PM")
    BROWSER = "browser", _("As the browser's language has it")


def _languages() -> list[tuple[str, Any]]:
    """Return the languages of the pages as choices, each by its own name, after the browser's own choice."""
    return [("", _("As the browser has it")), *settings.LANGUAGES]


class Notify(models.TextChoices):
    """The messages that desktop notifications announce. The values go to static/site/notify.js."""

    MENTIONS = "mentions", _("Messages that mention me")
    ALL = "all", _("All messages")
    OFF = "off", _("Nothing")


class Preferences(models.Model):
    """One person's choices for the pages."""

    user = models.OneToOneField("accounts.User", on_delete=models.CASCADE, related_name="preferences")
    theme = models.CharField(_("colours"), max_length=10, choices=Theme.choices, default=Theme.SYSTEM)
    language = models.CharField(_("language"), max_length=10, blank=True, default="", choices=_languages)
    clock = models.CharField(_("times"), max_length=10, choices=Clock.choices, default=Clock.HOURS_24)
    notify = models.CharField(_("notifications"), max_length=10, choices=Notify.choices, default=Notify.MENTIONS)

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of {self.user}"

    @classmethod
    def of(cls, user: Any) -> "Preferences":
        """Return the choices of `user`, or unsaved defaults."""
        return cls.objects.filter(user=user).first() or cls(user=user)
