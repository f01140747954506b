"""The code of a team for Channels 1.x, as the settings name it: folders, apps and further settings.

Each function ends the process with one sentence when the setting cannot be followed.
"""

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path

from django.apps import AppConfig

from proj.env import refuse

# Interface processes read no module of a team, and must agree with the others on sessions and sign-ins.
RESERVED_PREFIXES = ("AUTH_", "CHANNEL_", "CSRF_", "PASSWORD_", "SESSION_")


def folders(text: str) -> list[str]:
    """Cast a comma separated list of absolute folders that exist."""
    found = [part.strip() for part in text.split(",") if part.strip()]
    if not all(Path(part).is_absolute() and Path(part).is_dir() for part in found):
        raise ValueError("a list of absolute folders that exist, like /opt/deck,/opt/deck-common")
    return found


def names(text: str) -> list[str]:
    """Cast a comma separated list of dotted names."""
    found = [part.strip() for part in text.split(",") if part.strip()]
    if not all(piece.isidentifier() for part in found for piece in part.split(".")):
        raise ValueError("a list of dotted names like deck,deck.boards.apps.BoardsConfig")
    return found


def put_on_path(paths: Iterable[str]) -> None:
    """Let Python import from these folders, after all others, so that no name of ours is hidden."""
    sys.path.extend(path for path in paths if path not in sys.path)


def apps(ours: list[str], theirs: list[str]) -> list[str]:
    """Return all apps, ours first. An app that is there already is not repeated, and a label is taken once."""
    labels = {_label(app): app for app in ours}
    added = []
    for app in theirs:
        if app in ours or app in added:
            continue
        label = _label(app)
        if label in labels:
            label = _real_label(app)
        if label in labels:
            refuse(
                f"the setting SIGNALBOX_CHANNEL_APPS names {app}, its label {label!r} is that of {labels[label]}; "
                "give its AppConfig another label"
            )
        labels[label] = app
        added.append(app)
    return [*ours, *added]


def _label(app: str) -> str:
    """Return the label that an app has unless its AppConfig has another; only a clash is worth an import."""
    return app.partition(".apps.")[0].rpartition(".")[2]


def _real_label(app: str) -> str:
    try:
        return AppConfig.create(app).label
    except Exception as error:
        refuse(f"the setting SIGNALBOX_CHANNEL_APPS names {app}, which cannot be imported: {error}")


def further_settings(module: str, ours: Iterable[str]) -> dict[str, object]:
    """Return the upper-case names of a module with their values. None of `ours` may be among them."""
    if not module:
        return {}
    try:
        found = vars(importlib.import_module(module))
    except Exception as error:
        refuse(f"the setting SIGNALBOX_CHANNEL_SETTINGS names {module}, which cannot be imported: {error!r}")
    further = {name: value for name, value in found.items() if name.isupper()}
    if taken := sorted(name for name in further if name in set(ours) or name.startswith(RESERVED_PREFIXES)):
        refuse(f"{module} (SIGNALBOX_CHANNEL_SETTINGS) may not set {', '.join(taken)}: Signalbox has its own")
    return further
