"""The doctor's checks of the host: settings, directories, disk, static files."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from pytest_django import Settings

from proj.health import host
from proj.health.report import Observation, State, Walk


def only(found: Iterator[Observation]) -> Observation:
    (seen,) = found
    return seen


@pytest.fixture
def var(tmp_path: Path, settings: Settings) -> Path:
    var = tmp_path / "var"
    for folder in (var, var / "run", var / "log"):
        folder.mkdir(0o700)
    (var / "signalbox.env").touch(0o600)
    settings.VAR, settings.RUN, settings.STATIC_ROOT = var, var / "run", var / "static"
    return var


def test_the_settings_as_they_ship_are_clean() -> None:
    seen = only(host.settings_hold(Walk()))
    assert seen.state == State.GREEN, seen


def test_what_check_deploy_warns_of_is_a_warning_with_its_cure(settings: Settings) -> None:
    settings.ADDRESSES = ["http://ops.example.org"]
    seen = only(host.settings_hold(Walk()))
    assert seen.state == State.YELLOW
    assert "signalbox.W001" in seen.saw
    assert "https://" in seen.advice


def test_a_broken_setting_is_red(settings: Settings) -> None:
    settings.STATICFILES_DIRS = "static"  # must be a list
    seen = only(host.settings_hold(Walk()))
    assert (seen.state, "staticfiles.E001" in seen.saw) == (State.RED, True)


def test_private_directories_are_fine(var: Path) -> None:
    assert only(host.directories_private(Walk())).state == State.GREEN


@pytest.mark.parametrize(("name", "mode", "cure"), [("", 0o755, "chmod 700"), ("signalbox.env", 0o640, "chmod 600")])
def test_what_others_can_read_is_red_and_the_cure_is_a_command(var: Path, name: str, mode: int, cure: str) -> None:
    (var / name).chmod(mode)
    seen = only(host.directories_private(Walk()))
    assert seen.state == State.RED
    assert f"{cure} {var / name}" in seen.advice


def test_a_directory_that_is_missing_is_red(var: Path) -> None:
    (var / "log").rmdir()
    seen = only(host.directories_private(Walk()))
    assert seen.state == State.RED
    assert "./deploy/up" in seen.advice


@pytest.mark.parametrize(
    ("free", "state"), [(5_000, State.GREEN), (999, State.YELLOW), (199, State.RED), (0, State.RED)]
)
def test_a_disk_that_fills_up_is_told_in_time(monkeypatch: pytest.MonkeyPatch, free: int, state: State) -> None:
    usage = SimpleNamespace(total=10**10, free=free * 1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert only(host.disk_free(Walk())).state == state


class TestStaticFiles:
    """Checks of static files that collectstatic has collected."""

    @pytest.fixture(autouse=True)
    def source(self, var: Path, tmp_path: Path, settings: Settings) -> Path:
        source = tmp_path / "source"
        source.mkdir()
        (source / "page.css").write_text("body {}")
        settings.STATICFILES_DIRS = [source]
        settings.STORAGES = {
            **settings.STORAGES,
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
        }
        return source

    def collect(self) -> None:
        call_command("collectstatic", interactive=False, verbosity=0)

    def test_collected_files_are_fine(self) -> None:
        self.collect()
        assert only(host.static_collected(Walk())).state == State.GREEN

    def test_without_a_manifest_it_is_red(self) -> None:
        seen = only(host.static_collected(Walk()))
        assert (seen.state, "collectstatic" in seen.advice) == (State.RED, True)

    def test_a_new_file_that_was_not_collected_is_red(self, source: Path) -> None:
        self.collect()
        (source / "new.js").touch()
        seen = only(host.static_collected(Walk()))
        assert (seen.state, "new.js" in seen.saw) == (State.RED, True)

    def test_a_file_that_changed_since_is_a_warning(self, source: Path) -> None:
        self.collect()
        (source / "page.css").write_text("body {color: red}")
        seen = only(host.static_collected(Walk()))
        assert (seen.state, "page.css" in seen.saw) == (State.YELLOW, True)

    def test_a_collected_file_that_is_gone_is_red(self, var: Path) -> None:
        self.collect()
        manifest = json.loads((var / "static" / "staticfiles.json").read_text())
        (var / "static" / manifest["paths"]["page.css"]).unlink()
        assert only(host.static_collected(Walk())).state == State.RED
