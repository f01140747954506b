"""deploy/examples/services.toml: it loads on a fresh installation, and really rolls something out."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from proj.rooms.models import Room
from proj.runs import loading
from proj.runs.catalog import parameters
from proj.runs.models import Service

EXAMPLES = Path(__file__).resolve().parents[2] / "deploy" / "examples"


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """A folder for releases, with two archives and a broken one beside it."""
    for version in ("1.0", "1.1"):
        page = tmp_path / "index.html"
        page.write_text(f"this is {version}")
        with tarfile.open(tmp_path / f"{version}.tar.gz", "w:gz") as tar:
            tar.add(page, "index.html")
    (tmp_path / "broken.tar.gz").write_bytes((tmp_path / "1.0.tar.gz").read_bytes()[:50])
    return tmp_path / "releases"


def rollout(releases: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(EXAMPLES / "rollout.py"), str(releases), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def deploy(releases: Path, version: str, archive: str) -> "subprocess.CompletedProcess[str]":
    return rollout(releases, "deploy", version, str(releases.parent), archive)


def shown(releases: Path) -> str:
    return (releases / "current" / "index.html").read_text()


@pytest.mark.django_db
def test_it_loads_where_only_the_lobby_is() -> None:
    Room.objects.create(name="lobby")
    assert {one.outcome for one in loading.load(EXAMPLES / "services.toml")} == {"created"}
    site = Service.objects.get(uid="site")
    described = site.parameters_described()
    values = parameters.checked(described, {"version": "1.0", "archive": "1.0.tar.gz"})
    command = parameters.arguments(site.command, described, values)
    assert Path(command[2]) == EXAMPLES / "rollout.py"
    assert command[4:] == ["deploy", "1.0", f"{EXAMPLES}/../../var/archives", "1.0.tar.gz"]


def test_a_release_is_rolled_out_and_taken_back(releases: Path) -> None:
    for version in ("1.0", "1.1"):
        done = deploy(releases, version, f"{version}.tar.gz")
        assert done.returncode == 0, done.stdout
        assert f"::progress 100 {version} is in use" in done.stdout
        assert shown(releases) == f"this is {version}"
    assert rollout(releases, "rollback").returncode == 0
    assert shown(releases) == "this is 1.0"
    assert rollout(releases, "rollback", "1.1").returncode == 0
    assert shown(releases) == "this is 1.1"
    assert "* 1.1" in rollout(releases, "list").stdout


def test_what_cannot_be_unpacked_changes_nothing(releases: Path) -> None:
    deploy(releases, "1.0", "1.0.tar.gz")
    for archive in ("broken.tar.gz", "missing.tar.gz"):
        done = deploy(releases, "1.1", archive)
        assert done.returncode == 1
        assert "Nothing was changed." in done.stdout
        assert done.stderr == ""
    assert shown(releases) == "this is 1.0"
    assert sorted(path.name for path in releases.iterdir() if path.name[0] != ".") == ["1.0", "current"]


def test_rolling_out_twice_is_harmless_and_there_is_nothing_before_the_first(releases: Path) -> None:
    assert rollout(releases, "rollback").returncode == 1
    for _ in range(2):
        assert deploy(releases, "1.0", "1.0.tar.gz").returncode == 0
    assert not (releases / "previous").exists()
