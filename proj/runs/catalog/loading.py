"""Services from a TOML file: one table for each, `[web1]`, with the fields of a service. docs/runs.md has them all."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from proj.accounts.models import User
from proj.rooms import names
from proj.rooms.models import Room
from proj.runs.models import Service

FIELDS = (
    *("name", "description", "command", "directory", "environment", "values", "parameters", "timeout", "grace"),
    *("concurrency", "when_busy", "output_limit", "over_limit", "keep_days", "keep_runs"),
    *("schedule", "time_zone", "missed", "run_by", "seen_by", "enabled"),
)
PEOPLE = ("runners", "viewers")
NOTHING = {"keep_days": None, "keep_runs": None}  # what 0 means: TOML has no null


class BadFile(ValueError):
    """The file cannot be read, or says something about a service that cannot be; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a service: `outcome` is created, changed or unchanged; `differs` has [before, after] by field."""

    uid: str
    outcome: str
    differs: dict[str, list[Any]] = field(default_factory=dict)


class _DryRun(Exception):
    """Nothing is to be kept."""


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


def _one(folder: Path, uid: str, table: Any) -> Loaded:
    if not isinstance(table, dict):
        raise BadFile(f"{uid}: a service is a table, [{uid}].")
    unknown = sorted(set(table) - {*FIELDS, *PEOPLE, "room"})
    if unknown:
        raise BadFile(f"{uid}: {unknown[0]} is not known; a service has {', '.join([*FIELDS, *PEOPLE, 'room'])}.")
    service = Service.objects.filter(uid=uid).first()
    created = service is None
    service = service or Service(uid=uid, name=uid)
    wanted = {name: _placed(folder, value) for name, value in table.items() if name in FIELDS}
    wanted |= {name: NOTHING[name] for name in NOTHING if wanted.get(name) == 0}
    wanted["room"] = _room(uid, table["room"]) if table.get("room") else service.room if "room" not in table else None
    differs = {name: [getattr(service, name), value] for name, value in wanted.items()}
    differs = {name: pair for name, pair in differs.items() if created or pair[0] != pair[1]}
    for name, value in wanted.items():
        setattr(service, name, value)
    try:
        service.full_clean()
    except ValidationError as error:
        name, sentences = next(iter(error.message_dict.items()))
        raise BadFile(f"{uid}: {name}: {' '.join(sentences)}") from None
    if created or differs:
        service.save()
    differs |= _set_people(service, table)
    outcome = "created" if created else "changed" if differs else "unchanged"
    return Loaded(uid, outcome, {name: [_shown(one) for one in pair] for name, pair in differs.items()})


def _placed(folder: Path, value: Any) -> Any:
    """`%(here)s` in a text is the folder of the file."""
    if isinstance(value, str):
        return value.replace("%(here)s", str(folder))
    if isinstance(value, list):
        return [_placed(folder, one) for one in value]
    if isinstance(value, dict):
        return {name: _placed(folder, one) for name, one in value.items()}
    return value


def _room(uid: str, name: Any) -> Room:
    room = Room.objects.filter(key=names.key(str(name))).first()
    if room is None:
        raise BadFile(f"{uid}: there is no room {name}; make it first: manage.py addroom {name}")
    return room


def _set_people(service: Service, table: dict[str, Any]) -> dict[str, list[Any]]:
    differs: dict[str, list[Any]] = {}
    for name in PEOPLE:
        if name not in table:
            continue
        wanted = set(table[name]) if isinstance(table[name], list) else {table[name]}
        people = list(User.objects.filter(username__in=wanted))
        unknown = sorted(str(one) for one in wanted - {person.username for person in people})
        if unknown:
            raise BadFile(f"{service.uid}: {name}: there is nobody called {', '.join(unknown)}")
        listed = getattr(service, name)
        before = sorted(listed.values_list("username", flat=True))
        if before != sorted(wanted):
            differs[name] = [before, sorted(wanted)]
            listed.set(people)
    return differs


def _shown(value: Any) -> Any:
    return value.name if isinstance(value, Room) else value
