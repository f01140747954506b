"""A person's choices for the pages and for the events that call them. A person without a row has the defaults."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
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


class RunEnds(models.TextChoices):
    """The ends of runs that call a person."""

    ALL = "all", _("Every end")
    FAILED = "failed", _("Failures only")
    NOTHING = "nothing", _("Nothing")


@cache
def time_zones() -> tuple[str, ...]:
    """Return the names of all time zones in alphabetical order. Looking them up reads folders for 8 ms."""
    return tuple(sorted(available_timezones()))


def checked_time_zone(name: str) -> None:
    """Raise ValidationError unless there is a time zone with this name."""
    if name not in time_zones():
        raise ValidationError(_("%(name)s is not a time zone; UTC and Asia/Shanghai are.") % {"name": name})


class Preferences(models.Model):
    """One person's choices for the pages."""

    user = models.OneToOneField("accounts.User", on_delete=models.CASCADE, related_name="preferences")
    theme = models.CharField(_("colours"), max_length=10, choices=Theme.choices, default=Theme.SYSTEM)
    language = models.CharField(_("language"), max_length=10, blank=True, default="", choices=_languages)
    clock = models.CharField(_("times"), max_length=10, choices=Clock.choices, default=Clock.HOURS_24)
    notify = models.CharField(_("notifications"), max_length=10, choices=Notify.choices, default=Notify.MENTIONS)
    # Processes of the version before insert rows without the fields below.
    own_runs = models.CharField(
        _("runs that I started"), max_length=10, choices=RunEnds.choices, default=RunEnds.ALL, db_default=RunEnds.ALL
    )
    room_runs = models.CharField(
        _("other runs in my rooms"),
        max_length=10,
        choices=RunEnds.choices,
        default=RunEnds.FAILED,
        db_default=RunEnds.FAILED,
        help_text=_("A muted room tells nothing of them. The page of a service can say otherwise for its runs."),
    )
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    time_zone = models.CharField(
        _("time zone"),
        max_length=60,
        blank=True,
        default="",
        db_default="",
        validators=[checked_time_zone],
        help_text=_("Of the quiet hours. Empty: as the device has it."),
    )
    sound = models.BooleanField(_("with a sound"), default=False, db_default=False)

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of {self.user}"

    @classmethod
    def of(cls, user: Any) -> "Preferences":
        """Return the choices of `user`, or unsaved defaults."""
        return cls.objects.filter(user=user).first() or cls(user=user)

    @property
    def quiet_hours(self) -> str:
        """The quiet hours for static/site/notification.js, as "22:00 07:00 Europe/Berlin"; an empty text: none."""
        if self.quiet_from is None or self.quiet_until is None:
            return ""
        return f"{self.quiet_from:%H:%M} {self.quiet_until:%H:%M} {self.time_zone}".strip()

    def clean(self) -> None:
        """Refuse quiet hours that have no beginning or no end, or last the whole day."""
        if (self.quiet_from is None) != (self.quiet_until is None):
            field = "quiet_from" if self.quiet_from is None else "quiet_until"
            raise ValidationError({field: _("Quiet hours need a beginning and an end.")})
        if self.quiet_from is not None and self.quiet_from == self.quiet_until:
            raise ValidationError({"quiet_until": _("Quiet hours end at another time than they begin.")})


class Keyword(models.Model):
    """A word that calls a person when another person's message has it. Only the person knows it."""

    MAX_WORDS = 10  # of one person
    MAX_CHARACTERS = 40
    MIN_CHARACTERS = 2

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="keywords")
    word = models.CharField(max_length=MAX_CHARACTERS)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "word"], name="keyword_once")]

    def __str__(self) -> str:
        return f"{self.word} of {self.user}"

    @classmethod
    def of(cls, user: Any) -> list[str]:
        """Return the words of `user` in alphabetical order."""
        return list(cls.objects.filter(user=user).order_by("word").values_list("word", flat=True))

    @classmethod
    def checked(cls, text: str) -> list[str]:
        """Return the words in `text`, which commas or line ends part, each once. Raise ValidationError."""
        parts = [" ".join(part.split()) for part in re.split(r"[,\uff0c\u3001\n]", text)]
        words = list({word.casefold(): word for word in parts if word}.values())
        if len(words) > cls.MAX_WORDS:
            raise ValidationError(_("At most %(most)d keywords.") % {"most": cls.MAX_WORDS})
        for word in words:
            if not cls.MIN_CHARACTERS <= len(word) <= cls.MAX_CHARACTERS or not re.search(r"\w", word) or "\0" in word:
                sentence = _("%(word)s: a keyword has %(least)d to %(most)d characters, a letter or digit among them.")
                bounds = {"word": word, "least": cls.MIN_CHARACTERS, "most": cls.MAX_CHARACTERS}
                raise ValidationError(sentence % bounds)
        return words

    @classmethod
    @transaction.atomic
    def keep(cls, user: Any, words: Iterable[str]) -> None:
        """Make these the words of `user`, and no others."""
        wanted = set(words)
        known = set(cls.of(user))
        cls.objects.filter(user=user, word__in=known - wanted).delete()
        Keyword.objects.bulk_create(
            [Keyword(user=user, word=word) for word in sorted(wanted - known)], ignore_conflicts=True
        )
