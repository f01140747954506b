"""Every end of a run is counted, once."""

import pytest
from django.core.management import call_command

from proj.metrics.collecting import RunCollector
from proj.runs import actions, counting
from proj.runs.models import Run
from proj.runs.output import archive
from proj.runs.running import leases
from proj.runs.running.leases import Holder
from proj.runs.states import State
from proj.runs.upkeep import retention
from tests.runs.conftest import Make

pytestmark = pytest.mark.django_db

WORKER = Holder("here", "boot", 1, 1)


def counted() -> dict[str, float]:
    """Return the metric of each state in which a run has ended."""
    [metric] = [metric for metric in RunCollector().collect() if metric.type == "counter"]
    return {sample.labels["state"]: sample.value for sample in metric.samples if sample.value}


def test_every_end_is_counted_once_whichever_process_it_came_from(make: Make) -> None:
    service = make(concurrency=9)
    for state in (State.SUCCEEDED, State.SUCCEEDED, State.LOST):
        actions.start(service, None, {})
        leases.claim(WORKER, 1)
        for _ in range(2):  # the second time changes nothing
            Run.objects.filter(state=State.RUNNING).move(state)
    actions.start(service, None, {})
    assert counted() == {"succeeded": 2, "lost": 1}
    call_command("run", "--cancel", "web1#4")  # in a process of its own, which ends at once
    actions.cancel(Run.objects.get(number=4), None)
    assert counted() == {"succeeded": 2, "lost": 1, "canceled": 1}


def test_runs_that_are_deleted_stay_counted(make: Make) -> None:
    service = make(concurrency=9, keep_runs=1)
    runs = [actions.cancel(actions.start(service, None, {}), None) for _ in range(3)]
    going = actions.start(service, None, {})
    retention.delete_expired_runs()
    for run in (*runs, going):  # as another clock deletes them again; and a run that has not ended
        archive.forget(run)
    assert list(Run.objects.all()) == [going]
    assert counted() == {"canceled": 3}


def test_what_a_state_is_called_is_shown_before_there_is_any(make: Make) -> None:
    assert counting.ended() == dict.fromkeys(["canceled", "failed", "lost", "succeeded", "timed_out"], 0)
