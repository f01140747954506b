"""Scheduled services are started once, at their time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from proj.runs import actions
from proj.runs.catalog import schedules
from proj.runs.models import Run, Service
from proj.runs.upkeep import scheduling
from tests.runs.conftest import Make

pytestmark = pytest.mark.django_db


def due(service: Service, ago: timedelta) -> None:
    Service.objects.filter(pk=service.pk).update(next_at=timezone.now() - ago)


def test_what_is_due_is_started_once_and_then_at_the_next_time(make: Make) -> None:
    service = make(schedule="* * * * *")
    due(service, timedelta(seconds=2))
    for _ in range(3):
        scheduling.start_scheduled()
    run = Run.objects.get()
    assert (run.origin, run.person, run.state) == ("schedule", None, "queued")
    service.refresh_from_db()
    assert service.next_at and timezone.now() < service.next_at <= timezone.now() + timedelta(seconds=60)


def test_of_two_clocks_that_saw_the_same_time_one_starts_it(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    service = make(schedule="* * * * *", concurrency=9)
    due(service, timedelta(seconds=2))
    start = actions.start

    def meanwhile(*args: Any, **kwargs: Any) -> Run:
        monkeypatch.setattr(actions, "start", start)
        scheduling.start_scheduled()  # the other clock
        return start(*args, **kwargs)

    monkeypatch.setattr(actions, "start", meanwhile)
    scheduling.start_scheduled()
    assert Run.objects.count() == 1


@pytest.mark.parametrize(("missed", "runs"), [("skip", 0), ("once", 1)])
def test_times_that_passed_while_all_was_down_are_skipped_or_made_up_for_once(
    make: Make, missed: str, runs: int
) -> None:
    service = make(schedule="*/5 * * * *", missed=missed)
    due(service, timedelta(hours=5))
    scheduling.start_scheduled()
    scheduling.start_scheduled()
    assert Run.objects.count() == runs
    service.refresh_from_db()
    assert service.next_at and service.next_at > timezone.now()


def test_a_scheduled_start_that_is_refused_waits_for_its_next_time(make: Make) -> None:
    service = make(schedule="* * * * *")
    actions.start(service, None, {})
    due(service, timedelta(seconds=2))
    scheduling.start_scheduled()
    service.refresh_from_db()
    assert Run.objects.count() == 1
    assert service.next_at and service.next_at > timezone.now()


def test_a_service_that_cannot_be_started_keeps_no_other_from_it(make: Make) -> None:
    for uid in ("a", "b"):
        due(make(uid, schedule="* * * * *"), timedelta(seconds=2))
    Service.objects.filter(uid="a").update(time_zone="Mars/Olympus")  # a time zone that this host no longer has
    for _ in range(2):
        scheduling.start_scheduled()
    assert [str(run) for run in Run.objects.all()] == ["b #1"]


def test_a_change_of_something_else_takes_back_no_time_that_is_due(make: Make) -> None:
    service = make(schedule="0 4 * * *", missed="once")
    due(service, timedelta(hours=5))
    opened = Service.objects.get()
    opened.description = "loaded again while all was down"
    opened.save()
    scheduling.start_scheduled()
    assert Run.objects.count() == 1


@pytest.mark.parametrize("change", [{"schedule": "0 5 * * *"}, {"time_zone": "Asia/Shanghai"}, {"enabled": True}])
def test_another_schedule_and_switching_on_begin_with_the_next_time(make: Make, change: dict[str, Any]) -> None:
    service = make(schedule="0 4 * * *", missed="once", enabled="enabled" not in change)
    due(service, timedelta(hours=5))
    for name, value in change.items():
        setattr(service, name, value)
    service.save()
    scheduling.start_scheduled()
    assert not Run.objects.exists()
    assert service.next_at and service.next_at > timezone.now()


def test_what_is_switched_off_is_not_started(make: Make) -> None:
    service = make(schedule="* * * * *", enabled=False)
    due(service, timedelta(seconds=2))
    scheduling.start_scheduled()
    assert not Run.objects.exists()


@pytest.mark.parametrize("answered", [None, timedelta(minutes=-45), timedelta(0)])
def test_a_night_of_looks_at_the_repeated_hour_starts_one_run(
    make: Make, monkeypatch: pytest.MonkeyPatch, answered: timedelta | None
) -> None:
    """It does so even when the next time that is answered has passed, or is the moment asked about."""
    scheduled_at = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    service = make(schedule="30 1 * * *", time_zone="America/New_York", missed="once", when_busy="queue")
    Service.objects.update(next_at=scheduled_at)
    if answered is not None:
        monkeypatch.setattr(schedules, "after", lambda moment, *_: moment + answered)
    for seconds in range(30):
        now = datetime(2026, 11, 1, 6, 15, seconds, tzinfo=UTC)
        monkeypatch.setattr(timezone, "now", lambda now=now: now)
        scheduling.start_scheduled()
    assert Run.objects.count() == 1
    service.refresh_from_db()
    assert service.next_at and service.next_at > now + timedelta(hours=23)
