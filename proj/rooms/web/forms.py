"""What the rooms' pages ask for."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from proj.accounts.models import User
from proj.rooms import names
from proj.rooms.models import BadInvitation, Invitation, Room

LASTS = {
    "1": _("one hour"),
    "24": _("one day"),
    "168": _("one week"),
    "720": _("30 days"),
}  # hours that a link lets people in


class NameForm(forms.Form):
    """A room's name."""

    name = forms.CharField(
        label=_("Name of the room"),
        error_messages={"required": _("A room needs a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "aria-describedby": "name-help", "dir": "auto"}),
    )

    def clean_name(self) -> str:
        try:
            return names.checked(self.cleaned_data["name"])
        except names.BadRoomName as error:
            raise forms.ValidationError(error.message) from None


class OpenForm(NameForm):
    """The name of a room to open."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Room")


class NewForm(NameForm):
    """A room to make."""

    WHO = {"members": _("Members only: who is invited"), "all": _("Everyone who can sign in")}

    who = forms.ChoiceField(
        label=_("Who may be in it"), choices=list(WHO.items()), initial="members", widget=forms.RadioSelect
    )


class InviteForm(forms.Form):
    """A person to let in, by name."""

    person = forms.CharField(
        label=_("Name of a person"),
        error_messages={"required": _("Whom?")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "people", "dir": "auto"}),
    )

    def clean_person(self) -> User:
        name = self.cleaned_data["person"].strip()
        person = User.objects.filter(username__iexact=name, is_active=True).first()
        if person is None:
            raise forms.ValidationError(_("There is nobody called %(name)s."), params={"name": name})
        return person


class LinkForm(forms.Form):
    """How long a link lets people in."""

    lasts = forms.ChoiceField(label=_("The link works for"), choices=list(LASTS.items()), initial="24")

    def clean_lasts(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["lasts"]))


class JoinForm(forms.Form):
    """The code of an invitation, pasted alone or with the whole address."""

    code = forms.CharField(
        label=_("Code"),
        help_text=_("What stands behind the # in the link. Who opens the link finds it filled in."),
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    room: Room

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        try:
            self.room = Invitation.accept(code, self.user)
        except BadInvitation as error:
            raise forms.ValidationError(error.message) from None
        return code


class KeepForm(forms.Form):
    """How long messages are kept. Empty: for ever."""

    days = forms.IntegerField(label=_("Days"), required=False, min_value=1, max_value=36_500)
    messages = forms.IntegerField(label=_("How many messages"), required=False, min_value=1, max_value=100_000_000)
