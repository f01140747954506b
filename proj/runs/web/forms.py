"""The forms of a service's parameters and of the filters of the list of runs."""

import shlex
from typing import Any, TypedDict

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from proj.runs.catalog import parameters
from proj.runs.catalog.parameters import PLACE, Parameter, Value
from proj.runs.models import Service
from proj.runs.refusals import BadParameter
from proj.runs.states import State

ACTIVE_FILTER = "active"  # stands for the states queued and running


class FieldOptions(TypedDict):
    """The arguments that all of a form's fields take."""

    label: str
    required: bool
    initial: Value | None
    help_text: str


class ParametersForm(forms.Form):
    """A form with one field for each parameter, named like the parameter with the prefix `p-`."""

    prefix = "p"

    def __init__(self, service: Service, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.described = service.parameters_described()
        self.fields = {one.name: _field(one) for one in self.described}

    @property
    def values(self) -> dict[str, object]:
        """The submitted values, as actions.start() takes them."""
        return {name: self.cleaned_data[name] for name in self.fields}

    def clean(self) -> None:
        for one in self.described:
            given = self.cleaned_data.get(one.name)
            if isinstance(given, str):  # browsers send these line ends
                given = self.cleaned_data[one.name] = given.replace("\r\n", "\n")
            try:
                parameters.checked([one], {one.name: given})
            except BadParameter as error:
                self.refuse(error)

    def refuse(self, error: BadParameter) -> None:
        """Show a refusal beside its field."""
        self.add_error(error.name if error.name in self.fields else None, error.detail)


def _field(one: Parameter) -> forms.Field:
    """Return a parameter's field. The browser checks nothing: the server's refusal is shown beside the field."""
    common: FieldOptions = {
        "label": one.label or one.name,
        "required": False,
        "initial": one.default,
        "help_text": _help(one),
    }
    if one.type == "boolean":
        return forms.BooleanField(**common)
    if one.type == "choice":
        empty = [] if one.required or one.default is not None else [("", "–")]
        # clean() checks the value against the choices
        return forms.CharField(widget=forms.Select(choices=[*empty, *((each, each) for each in one.choices)]), **common)
    looks = {"autocomplete": "off", "spellcheck": "false", "dir": "auto"}
    if one.type == "integer":
        return forms.CharField(widget=forms.TextInput(attrs=looks | {"inputmode": "numeric"}), **common)
    widget = forms.Textarea(attrs=looks | {"rows": 4}) if one.lines else forms.TextInput(attrs=looks)
    return forms.CharField(widget=widget, **common)


def _help(one: Parameter) -> str:
    sentences = [one.help] if one.help else []
    if one.type == "integer":
        sentences.append(gettext("A whole number."))
    if one.example:
        sentences.append(gettext("For example: {example}").format(example=one.example))
    elif one.pattern:
        sentences.append(gettext("It must look like this: {pattern}").format(pattern=one.pattern))
    if one.type != "boolean" and not one.required and one.default is None:
        sentences.append(gettext("May be left empty."))
    return " · ".join(sentences)


def command_parts(service: Service) -> list[dict[str, str]]:
    """Return the command for people: fixed arguments quoted as for a shell, and the places of the parameters."""
    parts = []
    arguments = {one.name: one.argument for one in service.parameters_described()}
    for part in service.command:
        place = PLACE.fullmatch(part)
        if place:
            parts.append({"before": place[1] or "", "name": place[2], "argument": arguments.get(place[2], "")})
        else:
            parts.append({"text": shlex.quote(part.replace("{{", "{").replace("}}", "}"))})
    return parts


class FilterForm(forms.Form):
    """The filters of the list of runs. `services` are those that the person may see."""

    service = forms.CharField(label=_("Service"), required=False, widget=forms.Select)
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Any")), (ACTIVE_FILTER, _("Not over yet")), *((state.value, state.label) for state in State)],
    )
    person = forms.CharField(
        label=_("Started by"),
        required=False,
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "dir": "auto"}),
    )

    def __init__(self, services: list[Service], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", gettext("Any")), *((one.uid, one.name) for one in services)]
        self.fields["service"].widget = forms.Select(choices=choices)
