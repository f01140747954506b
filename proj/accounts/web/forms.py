"""The forms that sign a person in by a one-time link, and change the password."""

from django import forms
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from proj.accounts.links import BadLink
from proj.accounts.models import User
from proj.accounts.web import confirming


class ChangeForm(PasswordChangeForm):
    """The old password and the new one. Wrong old ones are counted as failed sign-ins: nobody can guess here."""

    request: HttpRequest

    def clean_old_password(self) -> str:
        given: str = self.cleaned_data["old_password"]
        if not confirming.is_password(self.request, given):
            raise forms.ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return given


class LinkForm(forms.Form):
    """The code of a one-time link, pasted alone or as a whole address. Validation uses the link up."""

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
