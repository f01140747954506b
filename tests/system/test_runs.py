"""Runs go on, and their output stays whole, while their workers are restarted and killed."""

import contextlib
import gzip
import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis

from tests.system.long_page import LongPage, browser
from tests.system.stack import Stack, wait_until
from tests.system.viewer import audience, faults

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

COUNT = """
import sys, time
for n in range(1, int(sys.argv[1]) + 1):
    print(f"line {n} ✓", flush=True)
    time.sleep(0.05)
"""
ENDLESS = """
import itertools, os, sys, time
for n in itertools.count(1):
    print(f"line {n} ✓", flush=True)
    if os.path.exists(sys.argv[1]):
        break
    time.sleep(0.05)
"""
SERVICES = f"""
[count]
command = ["python3", "-c", {json.dumps(COUNT)}, "{{lines}}"]
parameters = [{{name = "lines", type = "integer", default = 100}}]
concurrency = 100

[endless]
command = ["python3", "-c", {json.dumps(ENDLESS)}, "{{root}}/enough"]

[gated]
command = ["sh", "-c", "until [ -e gate ]; do sleep 0.2; done"]
directory = "{{root}}"
concurrency = 100

[silent]
command = ["sh", "-c", "echo begun; sleep 60"]

[stubborn]
command = ["sh", "-c", "trap '' TERM; (trap '' TERM; sleep 60) & echo ready; sleep 60"]
grace = 1
concurrency = 10
"""


@pytest.fixture(scope="module")
def services(stack: Stack) -> Stack:
    """The stack, with the services above."""
    file = stack.root / "services.toml"
    file.write_text(SERVICES.replace("{root}", str(stack.root)))
    stack.manage("loadservices", str(file))
    return stack


def start(stack: Stack, service: str, times: int = 1, **values: object) -> list[str]:
    """Start a service from the host, so many times; return the ids of the runs."""
    code = (
        "from proj.runs import actions; from proj.runs.models import Service; import json; "
        f"service = Service.objects.get(uid={service!r}); "
        f"print('ids:' + json.dumps([str(actions.start(service, None, {values!r}).pk) for _ in range({times})]))"
    )
    ids: list[str] = json.loads(stack.manage("shell", "-c", code).rpartition("ids:")[2])
    return ids


def states(stack: Stack) -> dict[str, dict[str, Any]]:
    """Return the row of every run, with its service's uid, by id."""
    rows = stack.select(
        "SELECT run.*, service.uid FROM runs_run run JOIN runs_service service ON service.id = service_id"
    )
    return {str(UUID(row["id"])): row for row in rows}


def outputs(stack: Stack, ids: list[str]) -> dict[str, str]:
    """Return the archived output of each run that is settled."""
    rows = stack.select(
        "SELECT run.id, file FROM runs_run run JOIN runs_archive ON run_id = run.id "
        "WHERE settled AND NOT EXISTS (SELECT 1 FROM runs_chunk WHERE run_id = run.id)"
    )
    files = {str(UUID(row["id"])): stack.root / "var" / "media" / row["file"] for row in rows}
    return {id: gzip.decompress(files[id].read_bytes()).decode() for id in ids if id in files}


def all_end(stack: Stack, ids: list[str], seconds: float) -> dict[str, dict[str, Any]]:
    """Wait until these runs have ended; return their rows."""
    found: dict[str, dict[str, Any]] = {}

    def ended() -> bool:
        nonlocal found
        found = states(stack)
        return all(found[id]["state"] not in ("queued", "running") for id in ids)

    wait_until(ended, seconds, "all runs have ended")
    return {id: found[id] for id in ids}


def lines(count: int) -> str:
    return "".join(f"line {n} ✓\n" for n in range(1, count + 1))


def back(stack: Stack, program: str, before: int) -> None:
    """Wait until supervisord has started a killed program again."""
    wait_until(lambda: stack.pids().get(program, 0) not in (0, before), 30, f"{program} is back")


def stop_between_transactions(stack: Stack, pid: int) -> None:
    """Stop a process (SIGSTOP) while it holds no write transaction: one that it held would block all other writers."""
    file = stack.root / "var" / "signalbox.sqlite3"
    with contextlib.closing(sqlite3.connect(file, timeout=20, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")  # SQLite has one writer, and until the rollback that is this test
        os.kill(pid, signal.SIGSTOP)
        state = Path(f"/proc/{pid}/stat")
        wait_until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", 10, "the process is stopped")
        database.execute("ROLLBACK")


def survive(
    stack: Stack, runs: int, count: int, *, kills: int, restarts: int, page: "Callable[[str], LongPage] | None" = None
) -> None:
    """Run `runs` times a command of `count` lines, while the run workers, Redis and the interfaces go down.

    Viewers that stay, viewers that come when most of that is over, and viewers that come after the end; with `page`,
    which opens the page of a run, a browser too.
    """
    followers = [
        subprocess.Popen(
            [str(stack.root / ".venv/bin/python"), "manage.py", "run", "count", f"lines={count}", "--follow"],
            cwd=stack.root,
            env=stack.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    cookie = stack.sign_in("alice")
    ids = start(stack, "count", runs, lines=count)
    addresses = [*(f"runs/{id}/" for id in ids[:: max(1, runs // 4)]), "deploy/count/", "deploy/count/"]
    with audience(stack.url, cookie) as people:
        people.come(*addresses)
        wait_until(lambda: all(viewer.state for viewer in people.viewers), 30, "everybody watches")
        shown = page(ids[0]) if page else None
        for n in range(max(kills, restarts)):
            if n < kills:
                victims = ["worker-runs_0", "worker-runs_1"]
                before = {victim: stack.kill9(victim) for victim in victims[: 2 if page else 1 + n % 2]}
                for victim, pid in before.items():
                    back(stack, victim, pid)
            if n < 2:  # one interface process after the other: each viewer loses one
                before = {victim: stack.kill9(victim) for victim in [("redis", "interface_0"), ("interface_1",)][n]}
                for victim, pid in before.items():
                    back(stack, victim, pid)
            if n < restarts:
                stack.restart("worker-runs")
        if page:
            assert {states(stack)[id]["state"] for id in ids} == {"running"}, "all of that was in their time"
        people.come(*addresses)
        ended = all_end(stack, ids, count * 0.05 + 60)
        assert {one["state"] for one in ended.values()} == {"succeeded"}, ended
        people.come(*addresses)
        wait_until(lambda: len(outputs(stack, ids)) == runs, 30, "all output is archived")
        assert set(outputs(stack, ids).values()) == {lines(count)}
        for follower in followers:
            said, complaint = follower.communicate(timeout=60)
            assert said.decode() == lines(count), complaint
            assert follower.returncode == 0
        wait_until(lambda: all(viewer.done for viewer in people.viewers), 30, "all viewers have all of it")
        stayed = people.viewers[: len(addresses)]
        wait_until(lambda: all(viewer.connections > 1 for viewer in stayed), 30, "they were cut off, and came back")
    printed = lines(count).encode()
    others = {run for viewer in people.viewers for run in viewer.output}  # the followers' runs are of that service too
    assert faults(people.viewers, dict.fromkeys(others, printed)) == []
    if shown:
        assert shown.lines(count) == [f"line {n} ✓" for n in range(1, count + 1)]
        begun, heard = shown.received()
        assert heard == printed[begun:]
        assert begun < len(printed) / 4, "it was there nearly from the beginning"


def test_runs_and_their_output_outlive_killed_and_restarted_workers(services: Stack) -> None:
    survive(services, 8, 120, kills=2, restarts=1)


@pytest.mark.by_hand
@pytest.mark.timeout(600)
def test_twenty_runs_of_thirty_seconds_outlive_five_kills_and_three_restarts(services: Stack) -> None:
    with browser(services.url, services.sign_in("alice")) as open_page:
        survive(services, 20, 600, kills=5, restarts=3, page=open_page)


def test_a_worker_that_is_stopped_lets_go_at_once_and_its_run_goes_on(services: Stack) -> None:
    (id,) = start(services, "count", lines=100)
    wait_until(lambda: states(services)[id]["bytes"] > 0, 60, "it prints")
    for program in ("worker-runs_0", "worker-runs_1"):
        back(services, program, 0)  # else its pid is 0, which means the whole process group of this test
        os.kill(services.pid(program), signal.SIGTERM)
    # a lease that is not released keeps its worker's name, and lasts 20 seconds
    wait_until(lambda: states(services)[id]["worker"] == "", 5, "its lease is given back")
    services.restart("worker-runs")
    assert all_end(services, [id], 100)[id]["state"] == "succeeded"


def test_a_free_neighbour_is_told_of_what_a_full_worker_cannot_take(services: Stack) -> None:
    gate = services.root / "gate"
    with redis.Redis(unix_socket_path=f"{services.root}/var/run/redis.sock") as client:

        def runs(state: str) -> int:
            return sum(one["state"] == state for one in states(services).values() if one["uid"] == "gated")

        def waiting() -> int:
            return int(client.zcard("signalbox:runs"))

        def listening() -> set[int]:
            return {client.info("clients")["blocked_clients"] for _ in range(9)}

        wait_until(lambda: listening() == {3}, 30, "the chat worker and both run workers wait for messages")
        held = services.pid("worker-runs_1")
        assert held, "a pid of 0 would mean this test's own process group"
        stop_between_transactions(services, held)
        try:
            wait_until(lambda: listening() == {2}, 30, "it is deaf")
            start(services, "gated", 15)
            wait_until(lambda: runs("running") == 15 and not waiting(), 40, "15 of them run")
            start(services, "gated")
            wait_until(lambda: runs("running") == 16, 30, "its neighbour is full")
            start(services, "gated")
            wait_until(waiting, 20, "the full worker has passed on what it was told")
            assert runs("queued") == 1
            os.kill(held, signal.SIGCONT)
            wait_until(lambda: runs("running") == 17 and not waiting(), 20, "the other one has taken it")
        finally:
            os.kill(held, signal.SIGCONT)
            gate.touch()
    wait_until(lambda: runs("succeeded") == 17, 40, "all have ended")
    gate.unlink()


def test_a_canceled_run_leaves_no_process_even_where_children_ignore_term(services: Stack) -> None:
    (id,) = start(services, "stubborn")
    wait_until(lambda: states(services)[id]["bytes"] > 0, 60, "it says that it is ready")
    services.manage("run", "--cancel", id)
    ended = all_end(services, [id], 30)[id]
    assert (ended["state"], ended["signal"]) == ("canceled", 9)
    assert not belonging(id), "something of it is still alive"


def test_a_run_whose_launcher_was_killed_is_lost_and_keeps_what_it_printed(services: Stack) -> None:
    (id,) = start(services, "silent")
    wait_until(lambda: states(services)[id]["lines"] > 0, 60, "it prints")
    launcher = json.loads((services.root / "var" / "runs" / id / "launcher.json").read_text())
    os.kill(launcher["pid"], signal.SIGKILL)
    ended = all_end(services, [id], 30)[id]
    assert ended["state"] == "lost"
    assert "its launcher is gone" in ended["reason"]
    wait_until(lambda: outputs(services, [id]), 30, "its output is archived")
    assert outputs(services, [id])[id] == "begun\n"
    wait_until(lambda: not belonging(id), 10, "what was left of it is ended")


def test_runs_outlive_supervisord_which_starts_by_itself_from_a_prepared_checkout(services: Stack) -> None:
    (id,) = start(services, "endless")
    wait_until(lambda: states(services)[id]["bytes"] > 0, 60, "it prints")

    done = services.run("./deploy/down")

    assert done.returncode == 0
    assert "1 run goes on" in done.stdout
    assert services.processes() == []
    before = states(services)[id]["bytes"]
    assert services.run(".venv/bin/supervisord", "-c", "supervisord.conf").returncode == 0
    wait_until(lambda: states(services)[id]["bytes"] > before, 60, "its output is stored again")
    (services.root / "enough").touch()
    assert all_end(services, [id], 60)[id]["state"] == "succeeded"
    wait_until(lambda: outputs(services, [id]), 30, "its output is archived")
    whole = outputs(services, [id])[id]
    assert whole == lines(whole.count("\n"))
    services.wait_green()


def belonging(id: str) -> list[int]:
    """Return the pids of a run's processes: all that have its id in the environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if f"SIGNALBOX_RUN={id}".encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
    return found
