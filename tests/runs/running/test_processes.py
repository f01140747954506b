"""Processes are identified exactly as launchers of every version identify themselves."""

import os
import subprocess
from collections.abc import Iterator

import psutil
import pytest

from proj.runs.running import launcher, processes


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    # The line comes after the exec: until then the child's environment is not its own.
    with subprocess.Popen(
        ["sh", "-c", "echo; read -r line"],
        start_new_session=True,
        env={"SIGNALBOX_RUN": "one"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout
        child.stdout.readline()
        yield child
        child.kill()


def test_the_start_time_is_the_one_that_the_launcher_reads() -> None:
    for pid in (os.getpid(), os.getppid(), 1):
        assert processes.start_of(pid) == int(launcher.stat(pid)[19])


def test_the_start_time_does_not_change_with_the_system_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    start = processes.start_of(os.getpid())
    monkeypatch.setattr(psutil._pslinux, "boot_time", lambda: 5.0)
    assert processes.start_of(os.getpid()) == start


def test_a_process_that_has_ended_is_not_alive(process: "subprocess.Popen[bytes]") -> None:
    start = processes.start_of(process.pid)
    assert start
    assert processes.alive(process.pid, start)
    assert not processes.alive(process.pid, start + 1)
    assert list(processes.members(process.pid, process.pid)) == [process.pid]
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # the process is a zombie now
    assert processes.start_of(process.pid) is None
    assert not processes.alive(process.pid, start)
    assert not list(processes.members(process.pid, process.pid))
    process.wait()
    assert processes.start_of(process.pid) is None
    assert processes.start_of(999_999_999) is None


def test_a_variable_of_the_environment_is_compared_whole(process: "subprocess.Popen[bytes]") -> None:
    assert processes.started_with(process.pid, "SIGNALBOX_RUN", "one")
    assert not processes.started_with(process.pid, "SIGNALBOX_RUN", "on")
    process.kill()
    process.wait()
    assert not processes.started_with(process.pid, "SIGNALBOX_RUN", "one")
