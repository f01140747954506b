"""The packages of a team's code, installed by a real pip from a folder of wheels."""

import os
import subprocess
import venv
import zipfile
from pathlib import Path

import pip as pip_package
import pytest

from deploy import team
from tests.house import ROOT

OURS = "channels==4.3.2"


def wheel(folder: Path, name: str, version: str, *needs: str) -> None:
    """Write a wheel with one module that holds its version."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = "".join(
        [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", *(f"Requires-Dist: {n}\n" for n in needs)]
    )
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        file.writestr(f"{info}/METADATA", metadata)
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")


class Environment:
    """An environment of its own, which sees the packages of the tests' environment and changes none of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "venv", with_pip=False)
        (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
        (site / "ours.pth").write_text(f"{Path(pip_package.__file__).parent.parent}\n")
        self.site = site
        self.file = folder / "team.txt"
        wheel(folder / "wheels", "deckcards", "1.0")
        wheel(folder / "wheels", "deckcards", "2.0")
        wheel(folder / "wheels", "deckold", "1.0", "channels<2")
        wheel(folder / "wheels", "channels", "1.1.8")

    def install(self, text: str | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
        if text is not None:
            self.file.write_text(text)
        settings = {"SIGNALBOX_CHANNEL_REQUIREMENTS": str(self.file), "PIP_NO_INDEX": "1"}
        wheels = {"PIP_FIND_LINKS": str(self.folder / "wheels"), "PIP_CONFIG_FILE": os.devnull}
        return subprocess.run(
            [str(self.folder / "venv" / "bin" / "python"), "-m", "deploy.team", "install"],
            cwd=ROOT,
            env=os.environ | settings | wheels | environment,
            capture_output=True,
            text=True,
        )

    @property
    def installed(self) -> list[str]:
        return sorted(path.name.partition(".dist")[0] for path in self.site.glob("*.dist-info"))


def test_packages_are_installed_once_and_never_in_place_of_ours(tmp_path: Path) -> None:
    environment = Environment(tmp_path)
    done = environment.install(f"-r more.txt\n# {OURS} is ours\n")
    assert "Could not open requirements file" in done.stderr
    (tmp_path / "more.txt").write_text("deckcards==1.0\n")
    done = environment.install()
    assert (done.returncode, environment.installed) == (0, ["deckcards-1.0"]), done.stdout + done.stderr
    assert environment.install().stdout == ""
    (tmp_path / "more.txt").write_text("deckcards==2.0\n")
    assert environment.install().returncode == 0
    assert environment.installed == ["deckcards-2.0"]

    for text, sentence in (
        ("channels==1.1.8\n", "channels==1.1.8 conflicts with Signalbox, which has channels "),
        ("deckold\n", "deckold 1.0, which depends on channels<2, conflicts with Signalbox, which has channels "),
        (
            "deckcards==3.0\n",
            "pip finds no package deckcards==3.0 for this Python; correct the line, then run ./deploy/up",
        ),
    ):
        done = environment.install(text)
        assert done.returncode == 1
        assert done.stderr.startswith(f"signalbox: {environment.file}: {sentence}"), done.stdout + done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert environment.installed == ["deckcards-2.0"]
    environment.file.unlink()
    assert "team.txt, which is no file; correct it, then run ./deploy/up" in environment.install().stderr


def test_without_a_network_it_is_one_sentence() -> None:
    output = (
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)': /simple/deckcards/\n"
        "ERROR: Could not find a version that satisfies the requirement deckcards (from versions: none)\n"
        "ERROR: No matching distribution found for deckcards\n"
    )
    assert team.reason(output).startswith("the package index cannot be reached; check the network")
    assert (
        team.reason("ERROR: Disk full\n")
        == "pip could not install it: Disk full; correct the file, then run ./deploy/up"
    )


def test_without_the_setting_nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNALBOX_CHANNEL_REQUIREMENTS", raising=False)
    assert team.requirements() is None
