"""What the clock does by itself: nothing twice, nothing to those who still say a word."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from proj.layer import messages
from proj.runs import actions, clock
from proj.runs.catalog import schedules
from proj.runs.models import Lead, Run, Service
from proj.runs.output import archive
from proj.runs.running import leases
from proj.runs.running.leases import Holder
from proj.runs.running.spool import Spool
from proj.runs.states import State
from tests.runs.conftest import Make

pytestmark = pytest.mark.django_db

ELSEWHERE = Holder("elsewhere", "boot", 1, 1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(service: Service, ago: timedelta) -> None:
    Service.objects.filter(pk=service.pk).update(next_at=timezone.now() - ago)


# one leads


def test_one_clock_leads_until_it_resigns_or_falls_silent() -> None:
    assert clock.lead("a")
    assert not clock.lead("b")
    assert clock.lead("a")
    clock.resign("a")
    assert clock.lead("b")
    Lead.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert clock.lead("a")
    assert not clock.lead("b")


# sweeps


def running(make: Make, holder: Holder, silent: timedelta) -> Run:
    run = actions.start(make(), None, {})
    leases.claim(holder, 1)
    Run.objects.update(beat_at=timezone.now() - silent)
    return Run.objects.get(pk=run.pk)


def test_a_run_of_a_host_that_fell_silent_is_lost_within_a_minute(make: Make) -> None:
    running(make, ELSEWHERE, timedelta(seconds=30))
    clock.sweep_silent()
    assert Run.objects.get().state == "running"
    Run.objects.update(beat_at=timezone.now() - timedelta(seconds=45))
    clock.sweep_silent()
    run = Run.objects.get()
    assert (run.state, run.reason, run.settled) == ("lost", "Nothing is heard of its host, elsewhere.", False)
    assert run.ended_at


def test_a_host_whose_clock_is_slow_is_not_taken_for_silent(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    actions.start(make(), None, {})
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() - timedelta(minutes=5))
    leases.claim(ELSEWHERE, 1)
    leases.renew(ELSEWHERE)
    monkeypatch.undo()
    clock.sweep_silent()
    assert Run.objects.get().state == "running"


def test_a_run_of_this_host_goes_on_while_its_launcher_lives_and_is_lost_when_that_is_gone(make: Make) -> None:
    import json

    from proj.runs.running import processes

    run = running(make, Holder.this(), timedelta(minutes=9))
    spool = Spool(run.pk)
    spool.path.mkdir(parents=True)
    me = Holder.this()
    (spool.path / "launcher.json").write_text(json.dumps({"pid": me.pid, "start": me.start, "boot": processes.boot()}))
    clock.sweep_silent()
    assert Run.objects.get().state == "running"
    (spool.path / "launcher.json").write_text(json.dumps({"pid": me.pid, "start": me.start + 1, "boot": me.boot}))
    (spool.path / "exit.json").write_text(
        json.dumps({"exit_code": 0, "signal": None, "why": "", "detail": "", "at": 5.0})
    )
    clock.sweep_silent()
    assert Run.objects.get().state == "running"  # a worker will say how it ended
    (spool.path / "exit.json").unlink()
    clock.sweep_silent()
    assert Run.objects.get().state == "lost"
    assert leases.adopt(Holder("x", "boot", 1, 1), 1) == []
    assert [adopted.pk for adopted in leases.adopt(Holder(run.host, "boot", 1, 1), 1)] == [run.pk]


def test_a_queued_run_that_was_forgotten_wakes_a_worker(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[Any] = []
    monkeypatch.setattr(clock, "wake", lambda channel, message: woken.append((channel, message)))
    actions.start(make(), None, {})
    clock.wake_forgotten()
    assert not woken
    Run.objects.update(created_at=timezone.now() - timedelta(seconds=11))
    clock.wake_forgotten()
    assert woken == [("runs", {"type": "runs.wake"})]
    messages.checked(woken[0][1])


# schedules


def test_what_is_due_is_started_once_and_then_at_the_next_time(make: Make) -> None:
    service = make(schedule="* * * * *")
    due(service, timedelta(seconds=2))
    for _ in range(3):
        clock.start_scheduled()
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
        clock.start_scheduled()  # the other clock
        return start(*args, **kwargs)

    monkeypatch.setattr(actions, "start", meanwhile)
    clock.start_scheduled()
    assert Run.objects.count() == 1


@pytest.mark.parametrize(("missed", "runs"), [("skip", 0), ("once", 1)])
def test_times_that_passed_while_all_was_down_are_skipped_or_made_up_for_once(
    make: Make, missed: str, runs: int
) -> None:
    service = make(schedule="*/5 * * * *", missed=missed)
    due(service, timedelta(hours=5))
    clock.start_scheduled()
    clock.start_scheduled()
    assert Run.objects.count() == runs
    service.refresh_from_db()
    assert service.next_at and service.next_at > timezone.now()


def test_a_scheduled_start_that_is_refused_waits_for_its_next_time(make: Make) -> None:
    service = make(schedule="* * * * *")
    actions.start(service, None, {})
    due(service, timedelta(seconds=2))
    clock.start_scheduled()
    service.refresh_from_db()
    assert Run.objects.count() == 1
    assert service.next_at and service.next_at > timezone.now()


def test_a_service_that_cannot_be_started_keeps_no_other_from_it(make: Make) -> None:
    for uid in ("a", "b"):
        due(make(uid, schedule="* * * * *"), timedelta(seconds=2))
    Service.objects.filter(uid="a").update(time_zone="Mars/Olympus")  # this host does not know it any more
    for _ in range(2):
        clock.start_scheduled()
    assert [str(run) for run in Run.objects.all()] == ["b #1"]


def test_a_change_of_something_else_takes_back_no_time_that_is_due(make: Make) -> None:
    service = make(schedule="0 4 * * *", missed="once")
    due(service, timedelta(hours=5))
    opened = Service.objects.get()
    opened.description = "loaded again while all was down"
    opened.save()
    clock.start_scheduled()
    assert Run.objects.count() == 1


@pytest.mark.parametrize("change", [{"schedule": "0 5 * * *"}, {"time_zone": "Asia/Shanghai"}, {"enabled": True}])
def test_another_schedule_and_switching_on_begin_with_the_next_time(make: Make, change: dict[str, Any]) -> None:
    service = make(schedule="0 4 * * *", missed="once", enabled="enabled" not in change)
    due(service, timedelta(hours=5))
    for name, value in change.items():
        setattr(service, name, value)
    service.save()
    clock.start_scheduled()
    assert not Run.objects.exists()
    assert service.next_at and service.next_at > timezone.now()


def test_what_is_switched_off_is_not_started(make: Make) -> None:
    service = make(schedule="* * * * *", enabled=False)
    due(service, timedelta(seconds=2))
    clock.start_scheduled()
    assert not Run.objects.exists()


def test_schedules_keep_to_their_time_zone_when_summer_time_begins() -> None:
    times = [at("2026-03-28T00:00"), at("2026-03-29T00:00")]
    assert [schedules.after(time, "30 4 * * *", "Europe/Berlin") for time in times] == [
        at("2026-03-28T03:30"),
        at("2026-03-29T02:30"),
    ]


@pytest.mark.parametrize(("expression", "zone", "field"), [("61 * * * *", "UTC", "schedule"), ("x", "UTC", "schedule")])
def test_what_crontab_would_not_understand_is_refused(expression: str, zone: str, field: str) -> None:
    with pytest.raises(schedules.BadSchedule) as refused:
        schedules.checked(expression, zone)
    assert refused.value.field == field


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_time_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(schedules.BadSchedule) as refused:
        schedules.checked("* * * * *", zone)
    assert refused.value.field == "time_zone"


# retention


def ended(service: Service, days: int) -> Run:
    run = actions.start(service, None, {})
    Run.objects.filter(pk=run.pk).update(
        state=State.SUCCEEDED,
        settled=True,
        created_at=timezone.now() - timedelta(days=days),
        ended_at=timezone.now() - timedelta(days=days),
    )
    return run


def test_runs_are_kept_as_long_and_as_many_as_their_service_says(make: Make) -> None:
    days = make("days", keep_days=10, concurrency=99)
    number = make("number", keep_days=None, keep_runs=2, concurrency=99)
    for_ever = make("ever", keep_days=None, concurrency=99)
    for age in (1, 9, 11, 12):
        for service in (days, number, for_ever):
            ended(service, age)
    actions.start(days, None, {})
    clock.retain()
    assert [service.runs.count() for service in (days, number, for_ever)] == [3, 2, 4]
    assert sorted(run.number for run in number.runs.all()) == [1, 2]


def test_folders_that_nobody_needs_go(make: Make, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RUNS.mkdir()
    needed = actions.start(make(concurrency=9), None, {})
    old = ended(Service.objects.get(), 1)
    for name in (needed.pk, old.pk, "2b1b0c3e-0000-4000-8000-000000000000", "somebody-elses"):
        Path(settings.RUNS, str(name)).mkdir()
    clock.clear_folders()
    assert {folder.name for folder in settings.RUNS.iterdir()} == {str(needed.pk), "somebody-elses"}


def test_what_a_host_that_never_came_back_had_printed_is_archived_after_a_day(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Run] = []
    monkeypatch.setattr(archive, "keep", kept.append)
    run = running(make, ELSEWHERE, timedelta(minutes=9))
    clock.sweep_silent()
    clock.settle_abandoned()
    assert not kept
    Run.objects.update(ended_at=timezone.now() - timedelta(days=2))
    clock.settle_abandoned()
    assert [one.pk for one in kept] == [run.pk]
    assert Run.objects.get().settled
