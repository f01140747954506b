"""What the pages of accounts ask for."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from proj.accounts import display_name
from proj.accounts.links import BadLink
from proj.accounts.models import User
from proj.accounts.preferences import Preferences

if TYPE_CHECKING:
    PreferencesForm = forms.ModelForm[Preferences]
else:
    PreferencesForm = forms.ModelForm  # takes no type argument when it runs


class LinkForm(forms.Form):
    """The code of a one-time link, pasted alone or with the whole address. Valid once: checking uses it up."""

    code = forms.CharField(
        label=_("Code"),
        help_text=_("What stands behind the # in the link. Who opens the link finds it filled in."),
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    person: User

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        try:
            self.person = User.objects.claim_link(code)
        except BadLink:
            raise forms.ValidationError(
                _(
                    "This link does not work (any more): it signs in once, lives three days, and must be complete. "
                    "Ask an administrator for a fresh one; they get it with: manage.py adduser NAME --again"
                ),
                code="bad_link",
            ) from None
        return code


class SettingsForm(PreferencesForm):
    """What a person may choose about the pages, and how they are called there."""

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
