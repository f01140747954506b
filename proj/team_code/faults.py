"""A fault of a team's code as one sentence: the object, the file with its line, the reason, and the remedy."""

import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

MAX_REASON_CHARACTERS = 300
REMEDY = "correct it, then run ./deploy/up"
OLD_IMPORTS_REMEDY = "manage.py bring_over lists the import lines to change; then run ./deploy/up"
PACKAGE_REMEDY = (
    "correct the name, or put its package into the file of SIGNALBOX_CHANNEL_REQUIREMENTS, then run ./deploy/up"
)


class TeamFault(Exception):
    """A fault of a team's code or of its settings. The text is a whole sentence."""


def described(subject: str, error: BaseException, folders: Iterable[str]) -> str:
    """Return the sentence about an exception of the code below `folders`."""
    if isinstance(error, TeamFault):
        return str(error)
    paths = [folder.rstrip("/") + "/" for folder in folders]
    file = place(error, paths)
    return f"{subject}: {file}{': ' if file else ''}{_reason(error)}; {_remedy(error, paths)}"


def place(error: BaseException, folders: Iterable[str]) -> str:
    """Return the last file of the traceback that is below one of the folders, with its line; empty when none is."""
    causes = list(_causes(error))
    last = causes[-1]
    if isinstance(last, SyntaxError) and last.filename:
        return f"{last.filename}, line {last.lineno}"
    found = ""
    for cause in causes:
        for frame, line in traceback.walk_tb(cause.__traceback__):
            if frame.f_code.co_filename.startswith(tuple(folders)):
                found = f"{frame.f_code.co_filename}, line {line}"
    module = getattr(last, "obj", None) if isinstance(last, AttributeError) else None
    return found or getattr(module, "__file__", None) or ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception, its cause, the cause of that, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _reason(error: BaseException) -> str:
    if isinstance(error, ImproperlyConfigured):  # its text is a sentence that names the cause
        text = str(error)
    else:
        *_, last = _causes(error)
        text = last.msg if isinstance(last, SyntaxError) else str(last)
        text = f"{type(last).__name__}: {text}" if text else type(last).__name__
    return " ".join(text.split())[:MAX_REASON_CHARACTERS].rstrip(".")


def _remedy(error: BaseException, folders: Iterable[str]) -> str:
    *_, last = _causes(error)
    if not isinstance(last, ImportError) or not last.name:
        return REMEDY
    root = last.name.partition(".")[0]
    if root == "channels":
        return OLD_IMPORTS_REMEDY
    known = any(Path(folder, name).exists() for folder in folders for name in (root, f"{root}.py"))
    return PACKAGE_REMEDY if isinstance(last, ModuleNotFoundError) and not known else REMEDY
