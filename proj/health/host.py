"""The host: settings, directories, free disk space, static files."""

import filecmp
import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core import checks

from proj.health.report import Observation, Walk, green, red, yellow

MB = 1_000_000
RED_FREE_BYTES = 200 * MB
YELLOW_FREE_BYTES = 1000 * MB


def settings_hold(_: Walk) -> Iterator[Observation]:
    """Run Django's system checks, with those for deployment."""
    found = [message for message in checks.run_checks(include_deployment_checks=True) if not message.is_silenced()]
    errors = [message for message in found if message.level >= checks.ERROR]
    saw = "; ".join(f"{message.id}: {message.msg}" for message in errors or found)
    hint = " ".join(str(message.hint) for message in errors or found if message.hint)
    advice = hint or "Run: manage.py check --deploy"
    if errors:
        yield red(saw, advice)
    elif any(message.level >= checks.WARNING for message in found):
        yield yellow(saw, advice)
    else:
        yield green(f"checks are clean; the addresses are {', '.join(settings.ADDRESSES)}")


def directories_private(_: Walk) -> Iterator[Observation]:
    """Check that var/ (database, control socket, secret key) is private to its owner and can be written."""
    var: Path = settings.VAR
    secret = var / "signalbox.env"
    wrong: list[tuple[str, str]] = []
    for path, mode in ((var, 0o700), (secret, 0o600)):
        if path.exists() and _open_to_others(path):
            now = stat.S_IMODE(path.stat().st_mode)
            wrong.append((f"{path} has mode {now:o}", f"chmod {mode:o} {path}"))
    for path in (var, settings.RUN, var / "log"):
        if not path.is_dir():
            wrong.append((f"{path} is missing", "./deploy/up"))
        elif not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            wrong.append((f"{path} cannot be written", f"chown -R {var.owner()} {path}, or run this as {path.owner()}"))
    if wrong:
        yield red("; ".join(saw for saw, _ in wrong), "Run: " + "; ".join(dict.fromkeys(cure for _, cure in wrong)))
        return
    kept = "signalbox.env 600" if secret.exists() else "no signalbox.env, settings come from the environment"
    yield green(f"var 700, {kept}; run and log can be written")


def _open_to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def disk_free(_: Walk) -> Iterator[Observation]:
    """Measure the free disk space: a full disk stops the database first."""
    usage = shutil.disk_usage(settings.VAR)
    saw = f"{usage.free / MB:,.0f} MB free of {usage.total / MB:,.0f} MB under var"
    advice = f"Make room on the disk of {settings.VAR}: old logs and backups first."
    if usage.free < RED_FREE_BYTES:
        yield red(saw, advice)
    elif usage.free < YELLOW_FREE_BYTES:
        yield yellow(saw, advice)
    else:
        yield green(saw)


def static_collected(_: Walk) -> Iterator[Observation]:
    """Check that nginx serves this version of every static file from STATIC_ROOT."""
    root: Path = settings.STATIC_ROOT
    cure = "Run: manage.py collectstatic --noinput"
    try:
        collected = json.loads((root / "staticfiles.json").read_text())["paths"]
    except FileNotFoundError:
        yield red(f"{root / 'staticfiles.json'} is missing", cure)
        return
    gone = [name for name in collected.values() if not (root / name).is_file()]
    ours = {
        str(path.relative_to(base)): path
        for base in settings.STATICFILES_DIRS
        for path in Path(base).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    gone += [name for name in ours if name not in collected]
    old = [name for name, path in ours.items() if name not in gone and not _same(path, root / name)]
    if gone:
        yield red(f"{len(gone)} files were not collected, such as {gone[0]}", cure)
    elif old:
        yield yellow(f"{len(old)} files changed since they were collected, such as {old[0]}", cure)
    else:
        yield green(f"{len(collected)} files")


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and filecmp.cmp(one, other, shallow=False)
