"""The form of the settings page."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from proj.accounts import display_name
from proj.accounts.preferences import Preferences

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

    class Meta:
        model = Preferences
        fields = ["theme", "language", "clock", "notify"]
        labels = {"theme": _("Appearance")}
        widgets = dict.fromkeys(fields, forms.RadioSelect)

    field_order = ["display_name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["display_name"].initial = self.instance.user.display_name

    def clean_display_name(self) -> str:
        return display_name.checked(self.cleaned_data["display_name"])

    @transaction.atomic
    def save(self, commit: bool = True) -> Preferences:
        self.instance.user.call(self.cleaned_data["display_name"])
        return super().save(commit)
