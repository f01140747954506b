"""deploy/takeover.py: it ends orphans of this checkout, and no other process."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import takeover
from tests.conftest import wait_for
from tests.deploy.conftest import Checkout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "var" / "run").mkdir(parents=True)
    return tmp_path.resolve()


@pytest.fixture
def sleeper() -> Iterator[list["subprocess.Popen[bytes]"]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait(10)


def sleep(sleeper: list["subprocess.Popen[bytes]"], where: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(["sleep", "300"], cwd=where)
    sleeper.append(process)
    return process


def pid_file(root: Path, pid: int, start: int | None = None) -> None:
    found = takeover.Process.of(pid)
    assert found
    (root / "var" / "run" / "web.pid").write_text(f"{pid} {found.start if start is None else start}\n")


def test_the_process_that_wrote_the_pid_file_is_ended(root: Path, sleeper: list["subprocess.Popen[bytes]"]) -> None:
    process = sleep(sleeper, root)
    pid_file(root, process.pid)

    assert takeover.take_over(root, "web") == ""

    assert process.wait(5) == -signal.SIGTERM


def test_a_process_elsewhere_survives_a_pid_file_that_names_it(
    root: Path, sleeper: list["subprocess.Popen[bytes]"], tmp_path_factory: pytest.TempPathFactory
) -> None:
    process = sleep(sleeper, tmp_path_factory.mktemp("elsewhere"))
    pid_file(root, process.pid)

    takeover.take_over(root, "web")

    assert process.poll() is None


def test_another_process_with_a_pid_that_was_used_again_survives(
    root: Path, sleeper: list["subprocess.Popen[bytes]"]
) -> None:
    process = sleep(sleeper, root)
    pid_file(root, process.pid, start=12)

    takeover.take_over(root, "web")

    assert process.poll() is None


@pytest.mark.parametrize("text", ["", "1", "nonsense here", "-1 5", "0 0", "1 2 3"])
def test_a_broken_pid_file_ends_nobody(root: Path, sleeper: list["subprocess.Popen[bytes]"], text: str) -> None:
    process = sleep(sleeper, root)
    (root / "var" / "run" / "web.pid").write_text(text)

    assert takeover.take_over(root, "web") == ""

    assert process.poll() is None


def test_children_that_still_have_the_file_open_are_ended(root: Path, sleeper: list["subprocess.Popen[bytes]"]) -> None:
    file = root / "var" / "run" / "web.pid"
    with file.open("w") as opened:
        process = subprocess.Popen(["sleep", "300"], cwd=root, pass_fds=[opened.fileno()])
        sleeper.append(process)

    takeover.take_over(root, "web")

    assert process.wait(5) == -signal.SIGTERM


def test_one_that_ignores_term_is_killed(root: Path, sleeper: list["subprocess.Popen[bytes]"]) -> None:
    process = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo ready; read x"], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    sleeper.append(process)
    assert process.stdout
    process.stdout.readline()
    pid_file(root, process.pid)

    assert takeover.take_over(root, "web", term_timeout=0.3) == ""

    assert process.wait(5) == -signal.SIGKILL
    process.stdout.close()
    assert process.stdin
    process.stdin.close()


def test_a_killed_nginx_leaves_no_worker_on_the_port(checkout: Checkout) -> None:
    first = checkout.start("nginx.sh")
    wait_for((checkout.root / "var/nginx/nginx.pid").exists, what="nginx")
    wait_for(lambda: len(takeover.ours(checkout.root, "nginx")) >= 2, what="a worker of nginx")
    worker = next(one for one in takeover.ours(checkout.root, "nginx") if one.pid != first.pid)
    os.kill(first.pid, signal.SIGKILL)
    first.wait(10)
    assert worker.alive()

    second = checkout.start("nginx.sh")

    wait_for(lambda: not worker.alive(), what="the old worker's end")
    wait_for(lambda: len(takeover.ours(checkout.root, "nginx")) >= 2, what="the new nginx")
    assert second.poll() is None
    assert f"ending processes left behind by nginx: {worker.pid}" in checkout.log("nginx.sh")
