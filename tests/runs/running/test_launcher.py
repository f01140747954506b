"""Launchers in trouble: held up, killed, or not allowed to end their command."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from proj.runs import actions
from proj.runs.running import launching, processes
from proj.runs.running.runner import Runner
from proj.runs.running.spool import Spool
from tests.conftest import wait_for
from tests.runs.conftest import Make
from tests.runs.running.turns import did, printed, until_over

pytestmark = pytest.mark.django_db(transaction=True)


def another(folder: Path, change: str) -> Path:
    """Return the path of a launcher with this `change`."""
    file = folder / "launcher.py"
    own = str(launching.LAUNCHER.parent)
    file.write_text(f"import sys; sys.path.insert(0, {own!r}); import launcher; {change}; launcher.main(sys.argv[1])")
    return file


def test_a_launcher_that_is_held_up_still_keeps_what_was_printed_and_blames_nobody(
    runner: Runner, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk may take a write for longer than a launcher waits for output behind the command's end."""
    monkeypatch.setattr(launching, "LAUNCHER", another(tmp_path, "launcher.OUTPUT_DRAIN_SECONDS = 0"))
    run = did(runner, make, ["seq", "9999"])
    assert printed(run) == b"".join(b"%d\n" % n for n in range(1, 10_000))


def test_what_a_command_left_in_its_group_is_killed_when_its_launcher_was(
    runner: Runner, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "LAUNCHER", another(tmp_path, "launcher.OUTPUT_DRAIN_SECONDS = 60"))
    run = actions.start(make("web1", ["sh", "-c", "sleep 60 & echo $!"]), None, {})
    until_over(runner, run, asked=lambda run: run.started_at and run.lines)
    left = int(printed(run))
    start = processes.start_of(left)
    assert start
    command = json.loads((Spool(run.pk).path / "started.json").read_text())["pid"]
    wait_for(lambda: processes.start_of(command) is None, what="the command ends")
    launcher = Spool(run.pk).launcher()
    assert launcher
    os.kill(launcher.pid, signal.SIGKILL)
    assert until_over(runner, run).state == "lost"
    wait_for(lambda: not processes.alive(left, start), what="what it left is killed")


@pytest.mark.parametrize("known", [True, False])
def test_a_group_that_has_the_numbers_of_a_command_that_ended_is_killed_only_if_it_is_the_runs(known: bool) -> None:
    spool = Spool("9a3e2f10-0000-4000-8000-000000000000")
    spool.path.mkdir(parents=True)
    mark = spool.path.name if known else "9a3e2f10-0000-4000-8000-00000000000"
    leader = subprocess.Popen(["sleep", "60"], start_new_session=True, env={"SIGNALBOX_RUN": mark})
    report = {"pid": leader.pid, "start": 1, "boot": processes.boot(), "at": 1.0}  # an earlier process with that pid
    for name in ("launcher.json", "started.json"):
        (spool.path / name).write_text(json.dumps(report))
    try:
        wait_for(lambda: processes.started_with(leader.pid, "SIGNALBOX_RUN", mark))
        spool.kill_orphans()
        if not known:
            leader.terminate()
        assert leader.wait(10) == (-signal.SIGKILL if known else -signal.SIGTERM)
    finally:
        leader.kill()
        leader.wait()


def test_a_command_that_became_another_user_is_waited_for_when_it_may_not_be_ended(
    runner: Runner, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = "def no(*_): raise PermissionError"
    monkeypatch.setattr(
        launching,
        "LAUNCHER",
        another(tmp_path, f"exec({refusing!r}); launcher.GROUP_POLL_SECONDS = 0.05; launcher.os.killpg = no"),
    )
    go = tmp_path / "go"
    script = f"echo begun; while [ ! -e '{go}' ]; do sleep 0.05; done; echo done"
    run = actions.start(make("web1", ["sh", "-c", script], grace=1), None, {})
    until_over(runner, run, asked=lambda run: run.started_at and run.lines)
    actions.cancel(run, None)
    until_over(runner, run, asked=lambda run: run.lines > 1)
    go.touch()
    run = until_over(runner, run)
    assert run.state == "canceled"
    assert printed(run).count(b"became another user") == 1
    assert printed(run).endswith(b"done\n")
