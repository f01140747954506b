"""The weight of a room's page: every module and style that it names, and their imports."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from proj.accounts.models import User
from proj.rooms.models import Room

pytestmark = pytest.mark.django_db(transaction=True)

# Imports that load with a module, and imports that load later.
STATIC_IMPORT = r'^(?:import|export) ?(?:[^"]* from )?"(\.[^"]+)"'
DYNAMIC_IMPORT = r"\bimport\(\s*`(\.[^`$]+)\$\{retry\}`"

GZIP_LEVEL = 5  # of nginx.conf


def modules(wanted: set[Path], *ways: str) -> set[Path]:
    """Return the files in `wanted`, and all that they import in these ways."""
    files: set[Path] = set()
    while wanted:
        file = wanted.pop()
        files.add(file)
        if file.suffix == ".js":
            names = [name for way in ways for name in re.findall(way, file.read_text(), re.MULTILINE)]
            wanted |= {(file.parent / name).resolve() for name in names} - files
    return files


def weight(files: set[Path]) -> int:
    """Return the number of bytes that nginx sends for the files: each compressed on its own."""
    return sum(len(gzip.compress(file.read_bytes(), GZIP_LEVEL)) for file in files)


def test_a_room_sends_under_62_kb_of_styles_and_scripts_and_under_80_kb_with_all_that_may_come_later(
    client: Client, alice: User
) -> None:
    client.force_login(alice)
    Room.visit(alice, "lobby")
    page = client.get("/chat/lobby/").content.decode()
    static = (Path(settings.BASE_DIR) / "proj" / "static").resolve()
    named = {static / name for name in re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js))"', page)}
    at_once = modules(set(named), STATIC_IMPORT)
    ever = modules(set(named), STATIC_IMPORT, DYNAMIC_IMPORT)
    assert len(at_once) > 30
    assert len(ever) > len(at_once)
    calls = sum(len(re.findall(r"\bimport\((?!\))", file.read_text())) for file in ever if file.suffix == ".js")
    found = sum(len(re.findall(DYNAMIC_IMPORT, file.read_text())) for file in ever if file.suffix == ".js")
    assert calls == found, "an import() that is not counted here"
    assert weight(at_once) < 62_000
    assert weight(ever) < 80_000
