"""A service's parameters: their descriptions, the values that they take, and the arguments made of these.

A value is one argument of the command or the end of one (`--version={version}`), never part of a text that a shell
reads. Unless the service says so, no value can be taken for an option.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from django.utils.translation import gettext

from proj.runs.refusals import BadParameter

MAX_VALUE_CHARACTERS = 4096
PARAMETER_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# A whole element, or `name={parameter}`, with or without dashes. `{{` and `}}` stand for the braces themselves.
PLACE = re.compile(r"([-\w.]+=)?\{([a-z][a-z0-9_]*)\}")
BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
TYPES = ("text", "choice", "integer", "boolean")

Value = str | int | bool


class BadDescription(ValueError):
    """A service's command or parameters break the rules of docs/runs.md; the sentence names the mistake."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that a person may give."""

    name: str
    label: str = ""  # as people read it; empty: the name
    type: str = "text"
    help: str = ""
    example: str = ""  # a value that is shown instead of the pattern
    required: bool = False
    default: Value | None = None
    choices: tuple[str, ...] = ()  # of a choice
    pattern: str = ""  # of a text: a regular expression that the whole value must match
    dash: bool = False  # the value may begin with `-` even where the command could take it for an option
    lines: bool = False  # of a text: it may have more than one line
    argument: str = ""  # of a boolean: the argument in its place when it is true; there is none when it is false

    def checked(self, value: object) -> Value:
        """Return `value`, which may be given as text, in the parameter's type. Raises BadParameter."""
        if self.type == "integer":
            return self._integer(value)
        if self.type == "boolean":
            return self._boolean(value)
        if not isinstance(value, str):
            raise self.refused(gettext("{name} is a text."))
        if self.type == "choice":
            if value not in self.choices:
                raise self.refused(gettext("{name} is one of: {choices}."), choices=", ".join(self.choices))
            return value
        return self._text(value)

    def refused(self, sentence: str, **values: object) -> BadParameter:
        """Return the refusal of a value, as a sentence about this parameter in the current language."""
        return BadParameter(self.name, sentence.format(name=self.name, **values))

    def _integer(self, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise self.refused(gettext("{name} is a whole number of at most 18 digits."))
        return int(value)

    def _boolean(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        if not isinstance(value, str) or value.lower() not in BOOLEANS:
            raise self.refused(gettext("{name} is yes or no."))
        return BOOLEANS[value.lower()]

    def _text(self, value: str) -> str:
        if len(value) > MAX_VALUE_CHARACTERS:
            raise self.refused(gettext("{name} has at most {most} characters."), most=MAX_VALUE_CHARACTERS)
        allowed = "\n\t" if self.lines else ""
        if not self.lines and ("\n" in value or "\r" in value):
            raise self.refused(gettext("{name} is one line."))
        if any(unicodedata.category(c) in ("Cc", "Cs") and c not in allowed for c in value):
            raise self.refused(gettext("{name} has no control characters."))
        if self.pattern and not re.fullmatch(self.pattern, value):
            if self.example:
                sentence = gettext("{name} does not look as it must. For example: {example}")
                raise self.refused(sentence, example=self.example)
            raise self.refused(gettext("{name} must look like this: {pattern}."), pattern=self.pattern)
        return value


def described(described: object) -> list[Parameter]:
    """Return the parameters of a service's JSON list. Raises BadDescription."""
    if not isinstance(described, list):
        raise BadDescription("The parameters are a list.")
    found = [_one(entry) for entry in described]
    names = [parameter.name for parameter in found]
    for name in names:
        if names.count(name) > 1:
            raise BadDescription(f"The parameter {name} is described twice.")
    return found


def _one(entry: object) -> Parameter:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(name, str) or not PARAMETER_NAME.fullmatch(name):
        raise BadDescription("A parameter has a name of small letters, digits and _, beginning with a letter.")
    known = {field.name: field.type for field in fields(Parameter)}
    for key, value in entry.items():
        if key not in known:
            raise BadDescription(f"{name}: {key} is not known; a parameter has {', '.join(known)}.")
        if key in ("required", "dash", "lines") and not isinstance(value, bool):
            raise BadDescription(f"{name}: {key} is true or false.")
        if key in ("label", "type", "help", "example", "pattern", "argument") and not isinstance(value, str):
            raise BadDescription(f"{name}: {key} is a text.")
    choices = entry.get("choices", [])
    if not isinstance(choices, list | tuple) or not all(isinstance(c, str) and c and "\0" not in c for c in choices):
        raise BadDescription(f"{name}: choices are a list of texts.")
    parameter = Parameter(**(entry | {"choices": tuple(choices)}))
    _check_whole(parameter)
    return parameter


def _check_whole(parameter: Parameter) -> None:
    name = parameter.name
    if parameter.type not in TYPES:
        raise BadDescription(f"{name}: the type is one of {', '.join(TYPES)}.")
    if (parameter.type == "choice") != bool(parameter.choices):
        raise BadDescription(f"{name}: a choice has choices, and nothing else has.")
    for field, kind in (("pattern", "text"), ("lines", "text"), ("argument", "boolean")):
        if getattr(parameter, field) and parameter.type != kind:
            raise BadDescription(f"{name}: {field} is for the type {kind} only.")
    try:
        re.compile(parameter.pattern)
    except re.error as error:
        raise BadDescription(f"{name}: the pattern is no regular expression: {error}.") from None
    if parameter.default is not None:
        try:
            parameter.checked(parameter.default)
        except BadParameter as error:
            raise BadDescription(f"The default does not fit: {error.detail}") from None


def check_command(command: object, parameters: Sequence[Parameter]) -> list[str]:
    """Return the command of a service. Raises BadDescription when it is no command or does not fit its parameters."""
    if not isinstance(command, list) or not command or not all(isinstance(part, str) for part in command):
        raise BadDescription('The command is a list of texts: ["/usr/bin/deploy", "--version={version}"].')
    if not command[0] or PLACE.fullmatch(command[0]):
        raise BadDescription("The command's first element is the program itself.")
    known = {parameter.name: parameter for parameter in parameters}
    for part in command:
        if "\0" in part:
            raise BadDescription("An argument cannot hold the character NUL.")
        place = PLACE.fullmatch(part)
        if place and place[2] not in known:
            raise BadDescription(f"{part}: there is no parameter {place[2]}; for the text itself write {{{part}}}.")
        if place is None and any(f"{{{name}}}" in part.replace("{{", "").replace("}}", "") for name in known):
            raise BadDescription(f"{part}: a parameter is a whole element, or the end of one after `name=`.")
    placed = {place[2] for part in command if (place := PLACE.fullmatch(part))}
    for name in known:
        if name not in placed:
            raise BadDescription(f"The parameter {name} is nowhere in the command.")
    return command


def checked(parameters: Sequence[Parameter], values: Mapping[str, object]) -> dict[str, Value]:
    """Return the value of each parameter, or its default; optional parameters without a value are left out.

    Raises BadParameter for the first value that does not fit.
    """
    known = {parameter.name: parameter for parameter in parameters}
    for name in values:
        if name not in known:
            if known:
                sentence = gettext("There is no parameter {name}; there is: {names}.")
            else:
                sentence = gettext("There is no parameter {name}; there are none.")
            raise BadParameter(name, sentence.format(name=name, names=", ".join(known)))
    found: dict[str, Value] = {}
    for parameter in parameters:
        value = values.get(parameter.name)
        if value is None or value == "":
            value = parameter.default
        if value is not None and value != "":
            found[parameter.name] = parameter.checked(value)
        elif parameter.required:
            raise parameter.refused(gettext("{name} is needed."))
    return found


def typed(value: Value) -> str:
    """Return a value as a person types it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def differing(parameters: Sequence[Parameter], values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values that are not the defaults: those that tell one run of a service from another."""
    defaults = {one.name: _default(one) for one in parameters}
    return {name: value for name, value in values.items() if defaults.get(name) != value}


def _default(parameter: Parameter) -> Value | None:
    if parameter.default is None:
        return False if parameter.type == "boolean" else None
    return parameter.checked(parameter.default)


def arguments(command: Sequence[str], parameters: Sequence[Parameter], values: Mapping[str, Value]) -> list[str]:
    """Return the command with its values in their places. A place without a value is left out. Raises BadParameter."""
    known = {parameter.name: parameter for parameter in parameters}
    made: list[str] = []
    for part in command:
        place = PLACE.fullmatch(part)
        if place is None:
            made.append(part.replace("{{", "{").replace("}}", "}"))
            continue
        parameter, value = known[place[2]], values.get(place[2])
        text = _text_of(parameter, value)
        if text is None:
            continue
        if not place[1] and text.startswith("-") and not may_begin_with_dash(parameter):
            raise parameter.refused(gettext("{name} may not begin with `-`: the command could take it for an option."))
        made.append((place[1] or "") + text)
    return made


def _text_of(parameter: Parameter, value: Value | None) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) and parameter.argument:
        return parameter.argument if value else None
    return typed(value)


def may_begin_with_dash(parameter: Parameter) -> bool:
    """Return whether a value in a place of its own may begin with a dash, as an option does."""
    return parameter.dash or parameter.type in ("choice", "boolean")  # the service lists these itself
