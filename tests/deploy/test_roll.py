"""deploy/roll.py: a team's worker that waits for the correction of its code stops no other program."""

import xmlrpc.client
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest

from deploy import roll


class Control:
    """A supervisord of three programs. A start of `channels_0` ends in waiting."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.started: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def processes(self) -> list[dict[str, Any]]:
        names = (
            ("channels", "channels_0"),
            ("channels", "channels_1"),
            ("clock", "clock"),
            ("interface", "interface_0"),
        )
        return [{"group": group, "name": name, "statename": "RUNNING", "pid": 1} for group, name in names]

    def configured(self) -> list[dict[str, Any]]:
        return [
            {"group": one["group"], "group_prio": 40 if one["group"] == "interface" else 30} for one in self.processes()
        ]

    def process(self, name: str) -> dict[str, Any]:
        return next(one for one in self.processes() if one["name"] == name.rpartition(":")[2])

    def stop(self, name: str) -> None:
        raise xmlrpc.client.Fault(1, "not running")

    def start(self, name: str) -> None:
        self.started.append(name)
        if name.endswith("channels_0"):
            (self.root / "var" / "run" / "channels_0.waits").write_text("the routing cannot be loaded")


@pytest.fixture
def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Control:
    (tmp_path / "var" / "run").mkdir(parents=True)
    made = Control(tmp_path)
    monkeypatch.setattr(roll, "supervisor", lambda _: made)
    return made


def serve(monkeypatch: pytest.MonkeyPatch, serves: Callable[[str], bool]) -> None:
    monkeypatch.setattr(roll, "serves", lambda _, process: serves(process["name"]))


def test_a_worker_that_waits_is_named_and_the_others_restart(control: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, lambda name: name != "channels_0")
    waiting = roll.restart(control, control.root, control.processes())
    assert waiting == ["channels:channels_0 waits: the routing cannot be loaded"]
    assert set(control.started) == {"channels:channels_0", "clock", "interface:interface_0"}


def test_the_fault_of_an_earlier_start_is_forgotten(control: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (control.root / "var" / "run" / "channels_1.waits").write_text("an old fault")
    serve(monkeypatch, lambda _: True)
    assert roll.restart(control, control.root, control.processes()[1:]) == []


def test_a_program_of_ours_that_does_not_serve_ends_the_roll_out(control: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll, "RESTART_TIMEOUT_SECONDS", 0.05)
    serve(monkeypatch, lambda name: name != "clock")
    with pytest.raises(SystemExit, match="clock does not serve again"):
        roll.restart(control, control.root, control.processes())
    assert "interface:interface_0" not in control.started
