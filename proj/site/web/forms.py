"""The form of the settings page."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from proj.accounts import display_name
from proj.accounts.preferences import Keyword, Preferences, time_zones

if TYPE_CHECKING:
    PreferencesForm = forms.ModelForm[Preferences]
else:
    PreferencesForm = forms.ModelForm  # takes no type argument at run time


class SettingsForm(PreferencesForm):
    """A person's preferences for the pages, and the display name."""

    display_name = forms.CharField(
        label=_("Display name"),
        help_text=display_name.HELP,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"}),
    )

    keywords = forms.CharField(
        label=_("Keywords"),
        help_text=_(
            "Words that call you like a mention, with commas between them: a host, a service. "
            "Only whole words count, and only you see them. They count in new messages, after some seconds."
        ),
        required=False,
        max_length=1_000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )

    class Meta:
        model = Preferences
        radios = ("theme", "language", "clock", "notify", "own_runs", "room_runs")
        times = ("quiet_from", "quiet_until")
        fields = [*radios, "keywords", *times, "time_zone", "sound"]
        labels = {"theme": _("Appearance"), "notify": _("Messages")}
        widgets = {
            **dict.fromkeys(radios, forms.RadioSelect),
            **dict.fromkeys(times, forms.TimeInput(format="%H:%M", attrs={"type": "time"})),
            "time_zone": forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
        }

    field_order = ["display_name"]
    NOTIFICATIONS = ("notify", "own_runs", "room_runs", "keywords", "sound")
    QUIET_HOURS = ("quiet_from", "quiet_until", "time_zone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["display_name"].initial = self.instance.user.display_name
        self.fields["keywords"].initial = ", ".join(Keyword.of(self.instance.user))
        for name in ("own_runs", "room_runs"):  # a page of the version before does not send them
            self.fields[name].required = False

    def general(self) -> Iterator[forms.BoundField]:
        """The fields about the pages."""
        return (field for field in self if field.name not in (*self.NOTIFICATIONS, *self.QUIET_HOURS))

    def notifications(self) -> Iterator[forms.BoundField]:
        """The fields about the events that call the person."""
        return (self[name] for name in self.NOTIFICATIONS)

    def quiet(self) -> Iterator[forms.BoundField]:
        """The fields of the quiet hours."""
        return (self[name] for name in self.QUIET_HOURS)

    def time_zones(self) -> tuple[str, ...]:
        """The time zones that the page completes."""
        return time_zones()

    def clean_display_name(self) -> str:
        return display_name.checked(self.cleaned_data["display_name"])

    def clean_keywords(self) -> list[str]:
        return Keyword.checked(self.cleaned_data["keywords"])

    @transaction.atomic
    def save(self, commit: bool = True) -> Preferences:
        self.instance.user.call(self.cleaned_data["display_name"])
        Keyword.keep(self.instance.user, self.cleaned_data["keywords"])
        return super().save(commit)
