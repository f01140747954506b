"""Collected modules: every import has a hashed name, and pages preload what loads with their modules."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command
from django.test import Client

from proj.accounts.models import User

IMPORT = re.compile(r"""(?:\bfrom\s*|\bimport\s*|\bimport\(\s*)["'`](\.[^"'`$]+)(?:\$\{retry\})?["'`]""")
HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")
PAGES = ("/chat/lobby/", "/chat/", "/runs/", "/services/", "/settings/", "/search/")


@pytest.fixture
def root(settings: Any, tmp_path: Path) -> Path:
    """The folder of collected files, which nginx would serve."""
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "proj.site.static_internals.ModuleStorage"}}
    collect()
    return tmp_path / "collected"


def collect() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)


def names(root: Path) -> dict[str, str]:
    """The collected name of each file, by its own."""
    found: dict[str, str] = json.loads((root / "staticfiles.json").read_text())["paths"]
    return found


def imports(file: Path) -> set[Path]:
    return {(file.parent / path).resolve() for path in IMPORT.findall(file.read_text())}


def closure(file: Path) -> set[Path]:
    """The modules that load with this one, read from its source."""
    found: set[Path] = set()
    wanted = {file}
    while wanted:
        source = wanted.pop()
        found.add(source)
        at_once = re.findall(r"""^(?:import|export) ?(?:[^"]* from )?"(\.[^"]+)";""", source.read_text(), re.MULTILINE)
        wanted |= {(source.parent / path).resolve() for path in at_once} - found
    return found - {file}


def test_every_import_has_the_hashed_name_of_a_collected_file(root: Path) -> None:
    ours = [name for name in names(root) if name.endswith(".js") and not name.startswith(("admin/", "django"))]
    assert len(ours) > 50
    counted = 0
    for name in ours:
        for imported in imports(root / names(root)[name]):
            assert HASHED.search(imported.name), f"{name} imports {imported.name}"
            assert imported.is_file(), f"{name} imports {imported.name}"
            counted += 1
    assert counted == sum(len(imports(root / name)) for name in ours)


def test_a_change_gives_new_names_to_all_modules_that_load_it(root: Path, settings: Any, tmp_path: Path) -> None:
    before = names(root)
    changed = tmp_path / "changed"
    (changed / "shared").mkdir(parents=True)
    source = Path(settings.STATICFILES_DIRS[0]) / "shared" / "backoff.js"
    (changed / "shared" / "backoff.js").write_text(f"{source.read_text()}// changed\n")
    settings.STATICFILES_DIRS = [changed, *settings.STATICFILES_DIRS]
    collect()
    after = names(root)
    for name in ("shared/backoff.js", "shared/socket.js", "rooms/room.js"):
        assert after[name] != before[name]
        assert (root / before[name]).is_file(), "open pages of the version before still load it"
    assert after["shared/words.js"] == before["shared/words.js"]


def test_collecting_again_touches_no_file_that_browsers_may_load(root: Path) -> None:
    def seen() -> dict[str, tuple[int, int]]:
        return {name: ((root / name).stat().st_ino, (root / name).stat().st_mtime_ns) for name in names(root).values()}

    before = seen()
    collect()
    assert seen() == before


def test_a_file_that_was_half_written_is_mended(root: Path) -> None:
    file = root / names(root)["rooms/room.js"]
    whole = file.read_text()
    file.write_text(whole[:100])
    collect()
    assert file.read_text() == whole


@pytest.mark.django_db
@pytest.mark.parametrize("place", PAGES)
def test_a_page_preloads_what_loads_with_its_modules_each_once(
    place: str, root: Path, settings: Any, alice: User, client: Client
) -> None:
    client.force_login(alice)
    client.post("/chat/", {"name": "lobby"})
    page = client.get(place).content.decode()
    collected = {path: name for name, path in names(root).items()}
    scripts = [collected[path] for path in re.findall(r'<script type="module" src="/static/([^"]+)">', page)]
    preloads = [collected[path] for path in re.findall(r'<link rel="modulepreload" href="/static/([^"]+)">', page)]
    source = Path(settings.STATICFILES_DIRS[0]).resolve()
    wanted = {str(path.relative_to(source)) for name in scripts for path in closure(source / name)}
    assert len(preloads) == len(set(preloads))
    assert set(preloads) <= wanted
    assert wanted <= {*preloads, *scripts}
    assert len(preloads) > 5


@pytest.mark.django_db
def test_a_page_is_shown_while_a_module_is_missing(root: Path, alice: User, client: Client) -> None:
    client.force_login(alice)
    (root / names(root)["shared/words.js"]).unlink()
    assert client.get("/settings/").status_code == 200


def test_without_collected_files_there_are_no_preloads() -> None:
    assert not hasattr(staticfiles_storage, "imported")


def test_the_undocumented_parts_of_django_exist() -> None:
    assert ManifestStaticFilesStorage.patterns
    assert ManifestStaticFilesStorage.support_js_module_import_aggregation is False
    assert ManifestStaticFilesStorage.max_post_process_passes
    assert callable(getattr(FileSystemStorage, "_save", None))
