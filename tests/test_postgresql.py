"""tests/postgresql.py: a cluster that is there for one command and leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import takeover
from tests.conftest import wait_for
from tests.system.stack import CHECKOUT

ASKS = """
import os, sys, time, environ, psycopg
options = environ.Env.db_url_config(os.environ["DATABASE_URL"])["OPTIONS"]
with psycopg.connect(**options, user="signalbox", dbname="postgres") as connection:
    print(connection.execute("SHOW data_directory").fetchone()[0], flush=True)
if sys.argv[1:]:
    time.sleep(600)
"""


def started(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.postgresql", sys.executable, "-c", ASKS, *arguments]
    return subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)


def processes_in(folder: Path) -> list[int]:
    """Return the processes whose working directory is the cluster's or its folder."""
    return [pid for pid in takeover.pids() if takeover.link(f"/proc/{pid}/cwd").startswith(str(folder))]


def test_a_command_has_a_database_of_its_own_which_ends_with_it() -> None:
    output, _ = (process := started()).communicate(timeout=110)
    assert process.returncode == 0
    data = Path(output.strip())
    assert not data.parent.exists()
    assert not processes_in(data.parent)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_database_too(number: signal.Signals) -> None:
    process = started("wait")
    assert process.stdout
    data = Path(process.stdout.readline().strip())
    assert processes_in(data.parent)
    process.send_signal(number)
    assert process.wait(60) == 130
    process.stdout.close()
    assert not data.parent.exists()
    assert not processes_in(data.parent)


def test_a_kill_ends_the_database_too() -> None:
    process = started("wait")
    assert process.stdout
    data = Path(process.stdout.readline().strip())
    waiting = [pid for pid in takeover.pids() if int((takeover.stat(pid) or ["", "0"])[1]) == process.pid]
    process.kill()
    process.wait(20)
    process.stdout.close()
    wait_for(lambda: not processes_in(data.parent), what="the end of PostgreSQL")
    for pid in waiting:
        if takeover.link(f"/proc/{pid}/exe") == os.path.realpath(sys.executable):
            os.kill(pid, signal.SIGKILL)  # the command itself, which nothing ends
    shutil.rmtree(data.parent)
