"""Ended runs are kept as long as their service says."""

import pytest

from proj.runs import actions
from proj.runs.upkeep import retention
from tests.runs.conftest import Make
from tests.runs.upkeep.conftest import Ended

pytestmark = pytest.mark.django_db


def test_runs_are_kept_as_long_and_as_many_as_their_service_says(make: Make, ended: Ended) -> None:
    days = make("days", keep_days=10, concurrency=99)
    number = make("number", keep_days=None, keep_runs=2, concurrency=99)
    for_ever = make("ever", keep_days=None, concurrency=99)
    for age in (1, 9, 11, 12):
        for service in (days, number, for_ever):
            ended(service, age)
    actions.start(days, None, {})
    retention.delete_expired_runs()
    assert [service.runs.count() for service in (days, number, for_ever)] == [3, 2, 4]
    assert sorted(run.number for run in number.runs.all()) == [1, 2]
