"""A disk without room under a run's spool: the command waits, and its output is whole when there is room again."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proj.runs.running import launcher, launching
from proj.runs.running.runner import Runner
from tests.conftest import wait_for
from tests.runs.conftest import Make
from tests.runs.running.turns import did, printed

DISK_BYTES = 4 * 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs the rights of root")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def launched(folder: Path, command: list[str], **spec: Any) -> subprocess.Popen[bytes]:
    defaults = {"command": command, "directory": "/", "timeout": 60, "grace": 1, "limit": 10**9, "over_limit": "go_on"}
    (folder / "spec.json").write_text(json.dumps(defaults | {"locale": True} | spec))
    return subprocess.Popen([sys.executable, "-ISE", "-X", "utf8", launcher.__file__, str(folder)])


def fill(disk: Path, left: int) -> Path:
    """Leave so many bytes of the disk free; return the file to delete for more."""
    ballast = disk / "ballast"
    free = os.statvfs(disk)
    ballast.write_bytes(b"x" * (free.f_bavail * free.f_bsize - left))
    return ballast


def is_full(disk: Path) -> bool:
    return os.statvfs(disk).f_bavail == 0


@pytest.mark.parametrize("last", [20_000, 300_000], ids=["less than waits in memory", "so much that the command waits"])
def test_a_full_disk_makes_the_output_wait_and_loses_none_of_it(disk: Path, last: int) -> None:
    ballast = fill(disk, 64 * 1024)
    process = launched(disk, ["seq", str(last)], timeout=2)
    wait_for(lambda: is_full(disk))
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)  # longer than its timeout, which waits too
    ballast.unlink()
    process.wait(30)
    assert (disk / "output").read_bytes() == b"".join(b"%d\n" % number for number in range(1, last + 1))
    report = json.loads((disk / "exit.json").read_text())
    assert (report["exit_code"], report["why"]) == (0, "")


def test_a_command_that_waits_for_a_full_disk_can_be_canceled(disk: Path) -> None:
    ballast = fill(disk, 64 * 1024)
    process = launched(disk, ["sh", "-c", "seq 300000; sleep 60"])
    wait_for(lambda: is_full(disk))
    process.terminate()
    ballast.unlink()
    process.wait(30)
    report = json.loads((disk / "exit.json").read_text())
    assert (report["why"], report["signal"]) == ("stopped", 15)


@pytest.mark.django_db(transaction=True)
def test_a_run_whose_folder_has_no_room_is_launched_later(
    runner: Runner, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch, tries = launching.launch, 0

    def without_room(*args: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        return launch(*args)

    monkeypatch.setattr(launching, "launch", without_room)
    run = did(runner, make, ["echo", "done"])
    assert (tries, run.state, printed(run)) == (4, "succeeded", b"done\n")
