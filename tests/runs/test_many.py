"""A service with a hundred thousand runs is started, claimed and watched at the cost of a new one."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from consumers.interface.feeds import services
from proj.runs import actions
from proj.runs.models import Run, Service
from proj.runs.running import leases
from proj.runs.running.leases import Holder
from proj.runs.upkeep import sweeps
from tests.runs.conftest import Make

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite says how much it had to do"),
]

STEPS_PER_UNIT = 1000  # of SQLite's machine
MAX_UNITS = 2  # with room for a reused statement's rest; a scan of all runs takes 40 and more


def work(deed: Callable[[], object]) -> int:
    """Return the thousands of steps that SQLite takes for this."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    raw: sqlite3.Connection = connection.connection
    raw.set_progress_handler(step, STEPS_PER_UNIT)
    try:
        deed()
    finally:
        raw.set_progress_handler(None, STEPS_PER_UNIT)
    return count


def test_what_was_run_before_costs_nothing(make: Make) -> None:
    service = make(concurrency=2)
    some = (Run(service=service, number=n, command=[], state="succeeded", settled=True) for n in range(1, 20_001))
    Run.objects.bulk_create(some, batch_size=500)
    Service.objects.update(last_number=20_000)
    assert max(_of_each_deed(service)) <= MAX_UNITS
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # from now on SQLite expects as many rows of every service and state
    assert max(_of_each_deed(service)) <= MAX_UNITS


def _of_each_deed(service: Service) -> list[int]:
    Run.objects.active().update(state="succeeded", settled=True)
    holder = Holder("here", "boot", 1, 1)
    run = actions.start(service, None, {})

    def told() -> Any:
        return json.dumps([services.newest_states(["web1"]), services.first_shown("web1")])

    deeds: tuple[Callable[[], object], ...] = (
        lambda: actions.start(service, None, {}),
        lambda: leases.claim(holder, 1),
        lambda: actions.cancel(run, None),
        lambda: leases.renew(holder),
        lambda: leases.strays(holder, ()),
        lambda: leases.adopt(holder, 1),
        lambda: leases.cancel_requests("here"),
        sweeps.lose_silent_runs,
        sweeps.wake_for_forgotten_runs,
        sweeps.archive_abandoned_runs,
        told,
    )
    return [work(deed) for deed in deeds]
