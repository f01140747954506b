"""The rules for /etc/sudoers.d that let the user of this installation run services with `run_as`, and nothing else.

A command without parameters is named with its exact arguments. Parameters become a regular expression, which sudo has
since 1.9.10. A wildcard would be a trap: in sudoers `*` matches spaces and slashes too, so `--version=*` would let any
further arguments through. sudo sees all arguments as one text with spaces between them; so no value may hold a space
here, and a value with one is refused by sudo.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from proj.runs.catalog.parameters import PLACE, Parameter, may_begin_with_dash

OWN_VARIABLES = ("SIGNALBOX_RUN", "SIGNALBOX_SERVICE")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PLAIN_WORD = re.compile(r"[A-Za-z0-9_./@%+,:=-]+")  # words that a rule may hold as they are, the last three escaped
# Patterns that mean the same to Python and to sudo, and match no space: no dot, no backslash, no negated class.
SAME_IN_SUDO = re.compile(r"(?:[A-Za-z0-9_@%+=:,/-]|\[[A-Za-z0-9_.@%+=:,/-]+\]|[+*?|()]|\{[0-9,]+\})+")
OPTION = re.compile(r"(?:^|[(|?*}\[])-|-\]")  # patterns that may match a dash at their beginning
HEADER = """# Signalbox: services that run as another user. Write this with: visudo -f /etc/sudoers.d/signalbox
# Rules with ^...$ need sudo 1.9.10. Values of parameters may hold no spaces. Print it again after a change of services.
"""


class Described(Protocol):
    """A service, as far as its rules are concerned."""

    uid: str
    run_as: str
    command: list[str]
    values: dict[str, str]

    def parameters_described(self) -> list[Parameter]: ...


def fragment(services: Iterable[Described], own_user: str, kill_program: str) -> str:
    """Return the file for /etc/sudoers.d, "" when no service has `run_as`. Programs are absolute paths."""
    found = [service for service in services if service.run_as]
    if not found:
        return ""
    variables = [name for service in found for name in service.values if VARIABLE.fullmatch(name)]
    lines = [f'Defaults:{own_user} env_keep += "{" ".join([*OWN_VARIABLES, *sorted(set(variables))])}"']
    for service in found:
        lines += ["", f"# {service.uid}"]
        lines += [f"{own_user} ALL=({service.run_as}) NOPASSWD: {rule}" for rule in rules(service)]
    lines += ["", "# To end them: each user's processes only, by the number of a process group"]
    for user in sorted({service.run_as for service in found}):
        lines.append(f"{own_user} ALL=({user}) NOPASSWD: {kill_program} ^-(TERM|KILL) -- -[0-9]+$")
    return HEADER + "\n" + "\n".join(lines) + "\n"


def rules(service: Described) -> list[str]:
    """Return the commands that sudo is to allow for a service, each with its arguments."""
    program, *parts = service.command
    known = {parameter.name: parameter for parameter in service.parameters_described()}
    words = [_word(part, known) for part in parts]
    path = _escaped(_literal(program))
    if not any(PLACE.fullmatch(part) for part in parts) and all(PLAIN_WORD.fullmatch(_literal(part)) for part in parts):
        return [" ".join([path, *(_escaped(_literal(part)) for part in parts)]) if parts else f'{path} ""']
    bare = [f'{path} ""'] if all(optional for _, optional in words) else []
    return [*bare, f"{path} ^{_beginning(words)}$"]


def _word(part: str, known: dict[str, Parameter]) -> tuple[str, bool]:
    """Return the regular expression of one argument, and whether it may be left out."""
    place = PLACE.fullmatch(part)
    if place is None:
        return _quoted(_literal(part)), False
    parameter = known[place[2]]
    value = _value(parameter, free=bool(place[1]) or may_begin_with_dash(parameter))
    left_out = parameter.type == "boolean" and bool(parameter.argument)
    return _quoted(place[1] or "") + value, left_out or not (parameter.required or parameter.default is not None)


def _value(parameter: Parameter, *, free: bool) -> str:
    """Return the regular expression of a value. `free`: it may begin with a dash."""
    if parameter.type == "choice":
        return f"({'|'.join(map(_quoted, parameter.choices))})"
    if parameter.type == "boolean":
        return _quoted(parameter.argument) if parameter.argument else "(true|false)"
    if parameter.type == "integer":
        return "-?[0-9]+" if free else "[0-9]+"
    pattern = parameter.pattern
    if pattern and SAME_IN_SUDO.fullmatch(pattern) and "(?" not in pattern and (free or not OPTION.search(pattern)):
        return f"({pattern})"
    return "[^[:space:]]+" if free else "[^-[:space:]][^[:space:]]*"


def _beginning(words: Sequence[tuple[str, bool]]) -> str:
    """Return the expression of all arguments: those that may be left out take their space with them."""
    if not words:
        return ""
    (word, optional), rest = words[0], words[1:]
    here = word + "".join(f"( {one})?" if left_out else f" {one}" for one, left_out in rest)
    return f"({here}|{_beginning(rest)})" if optional and rest else here


def _literal(part: str) -> str:
    return part.replace("{{", "{").replace("}}", "}")


def _quoted(text: str) -> str:
    """Return a regular expression that matches `text` only."""
    return re.sub(r"([][\\.^$*+?(){}|])", r"\\\1", text)


def _escaped(word: str) -> str:
    """Return a word as sudoers has it outside of regular expressions."""
    return re.sub(r"([,:=\\ *?\[\]!])", r"\\\1", word)
