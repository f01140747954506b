"""The cost of runs, and the time until they begin, on the whole stack. By hand: ./tests/run -n 0 -s -m by_hand FILE."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.system.stack import Stack
from tests.system.test_runs import all_end, outputs, start

pytestmark = [pytest.mark.system, pytest.mark.by_hand, pytest.mark.timeout(600)]

STEADY = """
import os, time
block = (b"a line of an ordinary length, as tools print them\\n" * 20_000)[:1_000_000]
begun = time.monotonic()
for n in range(100):
    os.write(1, block)
    time.sleep(max(0.0, begun + n / 10 - time.monotonic()))
"""
MARK = "echo $SIGNALBOX_RUN >>$0"
ALTOGETHER = """
import json, time
from django.db import transaction
from proj.runs import actions
from proj.runs.models import Run, Service
service = Service.objects.get(uid="marked")
with transaction.atomic():
    ids = [actions.start(service, None, {}).pk for _ in range(2000)]
begun = time.time()
while Run.objects.filter(service=service).active().exists():
    time.sleep(0.2)
states = {state: Run.objects.filter(service=service, state=state).count() for state in ("succeeded", "failed", "lost")}
print("out:" + json.dumps([[str(id) for id in ids], states, time.time() - begun]))
"""
ONE_BY_ONE = """
import json, time
from proj.runs import actions
from proj.runs.models import Run, Service
service = Service.objects.get(uid="quick")
started = []
for _ in range(100):
    run = actions.start(service, None, {})
    started.append((run.pk, time.time()))
    time.sleep(0.25)
time.sleep(1)
found = []
for id, at in started:
    run = Run.objects.get(pk=id)
    found.append([1000 * (moment.timestamp() - at) for moment in (run.claimed_at, run.started_at, run.ended_at)])
print("out:" + json.dumps(found))
"""


@pytest.fixture(scope="module")
def numbers(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    folder = tmp_path_factory.mktemp("numbers")
    (folder / "steady.py").write_text(STEADY)
    file = stack.root / "numbers.toml"
    file.write_text(f"""
        [quick]
        command = ["true"]
        concurrency = 100
        [marked]
        command = ["sh", "-c", {json.dumps(MARK)}, "{folder}/ran"]
        concurrency = 64
        when_busy = "queue"
        [steady]
        command = ["python3", "{folder}/steady.py"]
        [flood]
        command = ["sh", "-c", "yes 0123456789 | head -c 1000000000"]
        [lines]
        command = ["seq", "1000000"]
    """)
    stack.manage("loadservices", str(file))
    return stack


def shell(stack: Stack, code: str) -> Any:
    return json.loads(stack.manage("shell", "-c", code).rpartition("out:")[2])


def peak(stack: Stack) -> dict[str, int]:
    """The most memory that each run worker has had so far, in kB."""
    return {
        name: int(re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0])
        for name, pid in stack.pids().items()
        if name.startswith("worker-runs")
    }


def test_how_long_from_the_commit_to_the_claim_and_to_the_command(numbers: Stack) -> None:
    columns = zip(*shell(numbers, ONE_BY_ONE), strict=True)
    figures = {}
    for name, column in zip(("claimed", "running", "ended"), columns, strict=True):
        ordered = sorted(column)
        figures[name] = {"p50": round(ordered[50], 1), "p95": round(ordered[95], 1), "max": round(ordered[-1], 1)}
    print("\nmilliseconds from the commit:", figures)
    assert figures["claimed"]["p50"] < 10
    assert figures["running"]["p50"] < 80


def test_two_thousand_runs_all_run_and_none_twice(numbers: Stack) -> None:
    ids, states, seconds = shell(numbers, ALTOGETHER)
    command = shell(numbers, "from proj.runs.models import Service; import json; "
        "print('out:' + json.dumps(Service.objects.get(uid='marked').command))")  # fmt: skip
    ran = Path(command[3]).read_text().split()
    print(f"\n2,000 runs in {seconds:.1f} s, {2000 / seconds:.0f}/s; memory, kB: {peak(numbers)}")
    assert states == {"succeeded": 2000, "failed": 0, "lost": 0}
    assert sorted(ran) == sorted(ids)


@pytest.mark.parametrize(("service", "size"), [("steady", 100_000_000), ("flood", 100_000_000), ("lines", 6_888_896)])
def test_much_output_needs_little_memory(numbers: Stack, service: str, size: int) -> None:
    begun = time.monotonic()
    (id,) = start(numbers, service)
    ended = all_end(numbers, [id], 120)[id]
    seconds = time.monotonic() - begun
    while not outputs(numbers, [id]):
        assert time.monotonic() - begun < 200
    print(f"\n{service}: {seconds:.1f} s, archived after {time.monotonic() - begun:.1f} s; memory: {peak(numbers)}")
    assert ended["state"] == "succeeded"
    assert size <= ended["bytes"] < size + 200
    assert max(peak(numbers).values()) < 150_000
