"""Loads services from a TOML file: one table for each, `[web1]`, with the fields that docs/runs.md lists."""

import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction

from proj.accounts.models import User
from proj.rooms import names
from proj.rooms.models import Room
from proj.runs.models import Service

FIELDS = (
    *(
        "name",
        "description",
        "command",
        "directory",
        "run_as",
        "environment",
        "values",
        "parameters",
        "timeout",
        "grace",
    ),
    *("concurrency", "when_busy", "output_limit", "over_limit", "encoding", "keep_days", "keep_runs"),
    *("schedule", "time_zone", "missed", "run_by", "seen_by", "enabled"),
)
PEOPLE = ("runners", "viewers")
UNLIMITED_BY_ZERO = ("keep_days", "keep_runs")  # TOML has no null

Value = str | int | float | bool | datetime | date | time | list["Value"] | dict[str, "Value"]
Table = dict[str, Value]
Change = tuple[object, object]  # a field's value before and after


class BadFile(ValueError):
    """The file cannot be read, or describes a service wrongly; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The result for one service: `outcome` is created, changed or unchanged; `differs` has the changed fields."""

    uid: str
    outcome: str
    differs: dict[str, Change] = field(default_factory=dict)


class _DryRun(Exception):
    """Raised to roll everything back."""


def load(file: Path, *, dry_run: bool = False) -> list[Loaded]:
    """Make or change the services that `file` describes, all or none. Others stay as they are. Raises BadFile."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadFile(f"{file}: {error}") from None
    loaded: list[Loaded] = []
    try:
        with transaction.atomic():
            loaded += [_one(file.resolve().parent, uid, table) for uid, table in tables.items()]
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return loaded


def _one(folder: Path, uid: str, table: Value) -> Loaded:
    if not isinstance(table, dict):
        raise BadFile(f"{uid}: a service is a table, [{uid}].")
    unknown = sorted(set(table) - {*FIELDS, *PEOPLE, "room"})
    if unknown:
        raise BadFile(f"{uid}: {unknown[0]} is not known; a service has {', '.join([*FIELDS, *PEOPLE, 'room'])}.")
    service = Service.objects.filter(uid=uid).first()
    created = service is None
    service = service or Service(uid=uid, name=uid)
    wanted = _wanted(folder, service, table)
    changes: dict[str, Change] = {name: (getattr(service, name), value) for name, value in wanted.items()}
    changes = {name: change for name, change in changes.items() if created or change[0] != change[1]}
    for name, value in wanted.items():
        setattr(service, name, value)
    try:
        service.full_clean()
    except ValidationError as error:
        name, sentences = next(iter(error.message_dict.items()))
        raise BadFile(f"{uid}: {name}: {' '.join(sentences)}") from None
    if created or changes:
        service.save()
    changes |= _set_people(service, table)
    outcome = "created" if created else "changed" if changes else "unchanged"
    return Loaded(uid, outcome, {name: (_shown(before), _shown(after)) for name, (before, after) in changes.items()})


def _wanted(folder: Path, service: Service, table: Table) -> dict[str, Value | Room | None]:
    """Return the service's fields, lists of people aside, as the table has them."""
    wanted: dict[str, Value | Room | None] = {}
    for name, value in table.items():
        if name in FIELDS:
            wanted[name] = None if name in UNLIMITED_BY_ZERO and value == 0 else _placed(folder, value)
    wanted["room"] = service.room
    if "room" in table:
        wanted["room"] = _room(service.uid, table["room"]) if table["room"] else None
    return wanted


def _placed(folder: Path, value: Value) -> Value:
    """Return the value with the file's folder in the place of `%(here)s`."""
    if isinstance(value, str):
        return value.replace("%(here)s", str(folder))
    if isinstance(value, list):
        return [_placed(folder, one) for one in value]
    if isinstance(value, dict):
        return {name: _placed(folder, one) for name, one in value.items()}
    return value


def _room(uid: str, name: Value) -> Room:
    room = Room.objects.filter(key=names.key(str(name))).first()
    if room is None:
        raise BadFile(f"{uid}: there is no room {name}; make it first: manage.py addroom {name}")
    return room


def _set_people(service: Service, table: Table) -> dict[str, Change]:
    changes: dict[str, Change] = {}
    for name in PEOPLE:
        if name not in table:
            continue
        listed = table[name]
        wanted = {str(one) for one in listed} if isinstance(listed, list) else {str(listed)}
        people = list(User.objects.filter(username__in=wanted))
        unknown = sorted(wanted - {person.username for person in people})
        if unknown:
            raise BadFile(f"{service.uid}: {name}: there is nobody called {', '.join(unknown)}")
        relation = getattr(service, name)
        before = sorted(relation.values_list("username", flat=True))
        if before != sorted(wanted):
            changes[name] = (before, sorted(wanted))
            relation.set(people)
    return changes


def _shown(value: object) -> object:
    return value.name if isinstance(value, Room) else value
