"""Scripts, containers and lists of requirements that start or install Channels 1.x."""

import re
from collections.abc import Iterator
from pathlib import Path

from channels_legacy.bring_over.names import words
from channels_legacy.bring_over.report import Finding

SUFFIXES = words(".sh .conf .ini .yml .yaml .cfg .toml .service .bat .txt .mk")
SCRIPT_NAMES = ("Procfile", "Makefile", "Dockerfile", "Vagrantfile", "circus", "honcho")
COMMAND = re.compile(r"\b(?:manage(?:\.py)?|django-admin(?:\.py)?)\s+(runworker|runserver|rundelay)\b|\b(daphne)\s")
REQUIRED = re.compile(
    r"\s*['\"]?(channels|daphne|asgi[_-]redis|asgiref|asgi[_-]ipc|asgi[_-]rabbitmq)\b\s*(\[[^]]*\])?\s*([=<>~!]=?\S*)?",
    re.I,
)


def is_script(file: Path) -> bool:
    """Return whether a file may start programs or name requirements."""
    return file.suffix in SUFFIXES or file.name.startswith(SCRIPT_NAMES)


def survey_script(file: Path, path: str) -> Iterator[Finding]:
    """Yield the lines that start a program of Channels 1.x, or require one of its packages; may raise OSError."""
    required = file.suffix == ".txt"
    if required and "require" not in file.as_posix():
        return
    for number, line in enumerate(file.read_bytes().decode("utf-8", "replace").splitlines(), 1):
        if required:
            if found := REQUIRED.match(line):
                yield Finding(path, number, "requirement", line.strip())
        elif found := COMMAND.search(line):
            yield Finding(path, number, "command", found[1] or found[2])
