"""A worker with broken code of a team: it says so once, waits, and starts by itself when the code is mended."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import wait_for
from tests.house import ROOT
from tests.team_code.conftest import TEAM, Team


@pytest.mark.parametrize("name", ["deck/models.py", "deck/routing.py"])
def test_a_worker_with_broken_code_waits_and_starts_when_it_is_mended(tmp_path: Path, name: str) -> None:
    team = Team(tmp_path)
    file = team.write(name, "\n1/0\n")
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "runworker"], cwd=ROOT, env=team.environment(), stdout=out, stderr=out
        )
    try:
        wait_for(lambda: "this worker waits" in log.read_text(), 60, "the worker to wait")
        team.write("deck/unrelated.py", "x = 1\n")
        wait_for(lambda: log.read_text().count("this worker waits") == 2, 60, "the worker to try again")
        assert log.read_text().count(f"{file}, line 2: ZeroDivisionError: division by zero; correct it, then run") == 1
        assert "Traceback" not in log.read_text()
        team.write(name, TEAM[name])
        wait_for(lambda: "running Channels 1.x consumers of" in log.read_text(), 60, "the worker to run")
        assert process.poll() is None
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait(10)
