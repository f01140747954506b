"""The forms of the rooms' pages."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from proj.accounts.models import User
from proj.rooms import names
from proj.rooms.models import BadInvitation, Invitation, Room
from proj.rooms.search.finding import NEWEST_ID, Question

LINK_HOURS = {"1": _("one hour"), "24": _("one day"), "168": _("one week"), "720": _("30 days")}
MAX_QUERY_CHARACTERS = 200


class NameForm(forms.Form):
    """The name of a room, checked."""

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
    """The name of a new room, and whether it is members-only."""

    WHO = {"members": _("Members only: people who are invited"), "all": _("Everyone who can sign in")}

    who = forms.ChoiceField(
        label=_("Who may be in it"), choices=list(WHO.items()), initial="members", widget=forms.RadioSelect
    )


class InviteForm(forms.Form):
    """A person to make a member, by sign-in name."""

    person = forms.CharField(
        label=_("Name of a person"),
        error_messages={"required": _("Enter the name of a person.")},
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

    lasts = forms.ChoiceField(label=_("The link works for"), choices=list(LINK_HOURS.items()), initial="24")

    def clean_lasts(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["lasts"]))


class JoinForm(forms.Form):
    """The code of an invitation, pasted alone or with the whole address."""

    code = forms.CharField(
        label=_("Code"),
        help_text=_("The part of the link behind the #. It is filled in when you open the link."),
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


class SearchForm(forms.Form):
    """The words, room, person and days of a search. Days are those of UTC: the server knows no other."""

    q = forms.CharField(
        label=_("Words"),
        max_length=MAX_QUERY_CHARACTERS,
        required=False,
        strip=True,
        help_text=_(
            "“Words in quotes” are found just as they stand, and a -word leaves out the messages that have it."
        ),
    )
    room = forms.CharField(label=_("In the room"), max_length=names.MAX_NAME_CHARACTERS, required=False)
    by = forms.CharField(label=_("Said by"), max_length=150, required=False)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    before = forms.IntegerField(min_value=1, max_value=NEWEST_ID, required=False, widget=forms.HiddenInput)

    use_required_attribute = False

    def __init__(self, user: User, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.user = user
        for name in ("room", "by"):
            self.fields[name].widget.attrs |= {"list": f"{name}-names", "autocomplete": "off", "dir": "auto"}
        self.fields["q"].widget.attrs |= {"type": "search", "dir": "auto", "autocomplete": "off"}

    def clean_room(self) -> Room | None:
        name = self.cleaned_data["room"]
        try:
            return Room.called(self.user, name) if name else None
        except (Room.DoesNotExist, names.BadRoomName):
            raise forms.ValidationError(_("There is no such room.")) from None

    def clean_by(self) -> User | None:
        name = self.cleaned_data["by"].removeprefix("@")
        person = User.objects.filter(username__iexact=name).first() if name else None
        if name and person is None:
            raise forms.ValidationError(_("There is nobody of that name."))
        return person

    def question(self) -> Question:
        """Return the question of a valid form."""
        data = self.cleaned_data
        until = data["until"] and min(data["until"], date.max - timedelta(days=1)) + timedelta(days=1)
        return Question(data["q"], data["room"], data["by"], _midnight(data["since"]), _midnight(until))


def _midnight(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
