"""The settings that name a team's code: folders, apps and further settings. Each function raises TeamFault."""

import importlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from django.apps import AppConfig

from proj.team_code.faults import TeamFault, described

# Interface processes read no module of a team, and must agree with the others on sessions and sign-ins.
RESERVED_PREFIXES = ("AUTH_", "CHANNEL_", "CSRF_", "PASSWORD_", "SESSION_")


def put_on_path(folders: Iterable[str]) -> None:
    """Let Python import from these folders, after all others, so that no name of ours is hidden."""
    for folder in folders:
        path, named = Path(folder), f"the setting SIGNALBOX_CHANNEL_CODE names {folder}"
        if not path.is_absolute():
            raise TeamFault(f"{named}, which is no absolute path; correct the setting, then run ./deploy/up")
        if not path.is_dir():
            raise TeamFault(f"{named}, which is no folder; make it or correct the setting, then run ./deploy/up")
        if not os.access(path, os.R_OK | os.X_OK):
            raise TeamFault(f"{named}, which the user of Signalbox may not read; run: chmod -R a+rX {folder}")
        if folder not in sys.path:
            sys.path.append(folder)


def apps(ours: list[str], theirs: list[str], folders: Iterable[str] = ()) -> list[str]:
    """Return all apps, ours first. An app that is there already is not repeated, and a label is taken once."""
    labels = {_label(app): app for app in ours}
    added: list[str] = []
    for app in theirs:
        if app in ours or app in added:
            continue
        if not all(part.isidentifier() for part in app.split(".")):
            raise TeamFault(
                f"the setting SIGNALBOX_CHANNEL_APPS names {app}, which is no dotted name like deck or "
                "deck.boards.apps.BoardsConfig; correct it in var/signalbox.env, then run ./deploy/up"
            )
        label = _label(app)
        if label in labels:
            label = _real_label(app, folders)
        if label in labels:
            raise TeamFault(
                f"the setting SIGNALBOX_CHANNEL_APPS names {app}, its label {label!r} is that of {labels[label]}; "
                f"give its AppConfig in {app.partition('.apps.')[0]}.apps another label, then run ./deploy/up"
            )
        labels[label] = app
        added.append(app)
    return [*ours, *added]


def _label(app: str) -> str:
    """Return the label that an app has unless its AppConfig has another; only a clash is worth an import."""
    return app.partition(".apps.")[0].rpartition(".")[2]


def _real_label(app: str, folders: Iterable[str]) -> str:
    try:
        return AppConfig.create(app).label
    except (Exception, SystemExit) as error:
        subject = f"the setting SIGNALBOX_CHANNEL_APPS names {app}, which cannot be imported"
        raise TeamFault(described(subject, error, folders)) from error


def further_settings(module: str, ours: Iterable[str], folders: Iterable[str] = ()) -> dict[str, object]:
    """Return the upper-case names of a module with their values. None of `ours` may be among them."""
    if not module:
        return {}
    try:
        found = vars(importlib.import_module(module))
    except (Exception, SystemExit) as error:
        subject = f"the setting SIGNALBOX_CHANNEL_SETTINGS names {module}, which cannot be imported"
        raise TeamFault(described(subject, error, folders)) from error
    further = {name: value for name, value in found.items() if name.isupper()}
    if taken := sorted(name for name in further if name in set(ours) or name.startswith(RESERVED_PREFIXES)):
        raise TeamFault(
            f"{found.get('__file__', module)} (SIGNALBOX_CHANNEL_SETTINGS) may not set {', '.join(taken)}: "
            "Signalbox has its own; take them out, then run ./deploy/up"
        )
    return further
