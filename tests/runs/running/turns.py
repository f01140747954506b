"""A worker's turns as tests take them: until a run is settled, or until a condition holds."""

import time
from typing import Any

from proj.runs import actions
from proj.runs.models import Run
from proj.runs.output import reading
from proj.runs.running.runner import Runner
from proj.runs.running.spool import Spool
from tests.runs.conftest import Make


def until_over(runner: Runner, run: Run, seconds: float = 40.0, *, asked: Any = None) -> Run:
    """Take turns until the run is settled, or until `asked(run)` is true."""
    limit = time.monotonic() + seconds
    while True:
        runner.turn(poll=True)
        found = Run.objects.select_related("service").get(pk=run.pk)
        if asked(found) if asked else found.settled:
            return found
        assert time.monotonic() < limit, f"{found.state} after {seconds} s: {Spool(run.pk).complaint()}"
        time.sleep(0.02)


def printed(run: Run) -> bytes:
    return b"".join(reading.stream(run))


def did(runner: Runner, make: Make, command: list[str], **fields: Any) -> Run:
    return until_over(runner, actions.start(make("web1", command, **fields), None, {}))
