"""tests/postgresql.py: a cluster that is there for one command and leaves nothing behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import takeover
from tests import postgresql
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


@contextlib.contextmanager
def started(*arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """Yield the process of a command with a database; it does not outlive a test that fails."""
    command = [sys.executable, "-m", "tests.postgresql", sys.executable, "-c", ASKS, *arguments]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def background() -> Iterator[None]:
    """Ignore INT, as a shell does for a job in the background; processes inherit it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


def processes_in(folder: Path) -> list[int]:
    """Return the processes whose working directory is the cluster's or its folder."""
    return [pid for pid in takeover.pids() if takeover.link(f"/proc/{pid}/cwd").startswith(str(folder))]


def test_a_command_has_a_database_of_its_own_which_ends_with_it() -> None:
    with started() as process:
        output, _ = process.communicate(timeout=110)
    assert process.returncode == 0
    data = Path(output.strip())
    assert not data.parent.exists()
    assert not processes_in(data.parent)


def interrupt(number: signal.Signals) -> None:
    """Start a command that waits, send it a signal, and check that nothing is left of it."""
    with started("wait") as process:
        assert process.stdout
        data = Path(process.stdout.readline().strip())
        assert processes_in(data.parent)
        process.send_signal(number)
        assert process.wait(60) == 130
    assert not data.parent.exists()
    assert not processes_in(data.parent)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_database_too(number: signal.Signals) -> None:
    interrupt(number)


@pytest.mark.usefixtures("background")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_database_too_in_the_background_of_a_shell(number: signal.Signals) -> None:
    interrupt(number)


def test_a_kill_ends_the_database_too() -> None:
    with started("wait") as process:
        assert process.stdout
        data = Path(process.stdout.readline().strip())
        waiting = [pid for pid in takeover.pids() if int((takeover.stat(pid) or ["", "0"])[1]) == process.pid]
    wait_for(lambda: not processes_in(data.parent), what="the end of PostgreSQL")
    for pid in waiting:
        if takeover.link(f"/proc/{pid}/exe") == os.path.realpath(sys.executable):
            os.kill(pid, signal.SIGKILL)  # the command itself, which nothing ends
    shutil.rmtree(data.parent)


def initdb(folder: Path, version: str) -> Path:
    """Make a program that says this version, as PostgreSQL's initdb does."""
    folder.mkdir(parents=True)
    program = folder / "initdb"
    program.write_text(f"#!/bin/sh\necho 'initdb (PostgreSQL) {version}'\n")
    program.chmod(0o755)
    return program


def test_the_newest_programs_are_found_where_distributions_keep_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [str(tmp_path.relative_to("/") / place) for place in ("lib/*/bin/initdb", "pgsql-*/bin/initdb")]
    monkeypatch.setattr(postgresql, "FOLDERS", folders)
    monkeypatch.setenv("PATH", f"{tmp_path}/on-path:/usr/bin:/bin")
    initdb(tmp_path / "on-path", "13.20")
    with pytest.raises(SystemExit, match=r"PostgreSQL 14 or newer is missing \(.*on-path/initdb is of version 13\)"):
        postgresql.programs()
    initdb(tmp_path / "lib" / "9.6" / "bin", "9.6.24")
    initdb(tmp_path / "lib" / "15" / "bin", "15.8 (Debian 15.8-0+deb12u1)")
    newest = initdb(tmp_path / "pgsql-16" / "bin", "16.4")
    assert postgresql.programs() == newest.parent
    (tmp_path / "on-path" / "initdb").unlink()
    (tmp_path / "on-path").rmdir()
    own = initdb(tmp_path / "on-path", "14.1")
    assert postgresql.programs() == own.parent
