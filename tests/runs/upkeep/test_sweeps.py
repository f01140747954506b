"""Sweeps: runs are lost only when their host is silent, and no folder or output is left behind."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from proj.layer.messages import RunsWake
from proj.runs import actions
from proj.runs.models import Run, Service
from proj.runs.output import archive
from proj.runs.running import leases, processes
from proj.runs.running.leases import Holder
from proj.runs.running.spool import Spool
from proj.runs.upkeep import sweeps
from tests.runs.conftest import Make
from tests.runs.upkeep.conftest import Ended

pytestmark = pytest.mark.django_db

ELSEWHERE = Holder("elsewhere", "boot", 1, 1)


def running(make: Make, holder: Holder, silent: timedelta) -> Run:
    run = actions.start(make(), None, {})
    leases.claim(holder, 1)
    Run.objects.update(beat_at=timezone.now() - silent)
    return Run.objects.get(pk=run.pk)


def test_a_run_of_a_host_that_fell_silent_is_lost_within_a_minute(make: Make) -> None:
    running(make, ELSEWHERE, timedelta(seconds=30))
    sweeps.lose_silent_runs()
    assert Run.objects.get().state == "running"
    Run.objects.update(beat_at=timezone.now() - timedelta(seconds=45))
    sweeps.lose_silent_runs()
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
    sweeps.lose_silent_runs()
    assert Run.objects.get().state == "running"


def test_a_run_of_this_host_goes_on_while_its_launcher_lives_and_is_lost_when_that_is_gone(make: Make) -> None:
    run = running(make, Holder.this(), timedelta(minutes=9))
    spool = Spool(run.pk)
    spool.path.mkdir(parents=True)
    me = Holder.this()
    (spool.path / "launcher.json").write_text(json.dumps({"pid": me.pid, "start": me.start, "boot": processes.boot()}))
    sweeps.lose_silent_runs()
    assert Run.objects.get().state == "running"
    (spool.path / "launcher.json").write_text(json.dumps({"pid": me.pid, "start": me.start + 1, "boot": me.boot}))
    (spool.path / "exit.json").write_text(
        json.dumps({"exit_code": 0, "signal": None, "why": "", "detail": "", "at": 5.0})
    )
    sweeps.lose_silent_runs()
    assert Run.objects.get().state == "running"  # a worker will store how it ended
    (spool.path / "exit.json").unlink()
    sweeps.lose_silent_runs()
    assert Run.objects.get().state == "lost"
    assert leases.adopt(Holder("x", "boot", 1, 1), 1) == []
    assert [adopted.pk for adopted in leases.adopt(Holder(run.host, "boot", 1, 1), 1)] == [run.pk]


def test_a_queued_run_that_was_forgotten_wakes_a_worker(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[Any] = []
    monkeypatch.setattr(sweeps, "wake", woken.append)
    actions.start(make(), None, {})
    sweeps.wake_for_forgotten_runs()
    assert not woken
    Run.objects.update(created_at=timezone.now() - timedelta(seconds=11))
    sweeps.wake_for_forgotten_runs()
    assert woken == [RunsWake()]


def test_folders_that_nobody_needs_go(make: Make, ended: Ended, settings: Any) -> None:
    settings.RUNS.mkdir()
    needed = actions.start(make(concurrency=9), None, {})
    old = ended(Service.objects.get(), 1)
    for name in (needed.pk, old.pk, "2b1b0c3e-0000-4000-8000-000000000000", "somebody-elses"):
        Path(settings.RUNS, str(name)).mkdir()
    sweeps.remove_unneeded_folders()
    assert {folder.name for folder in settings.RUNS.iterdir()} == {str(needed.pk), "somebody-elses"}


def test_what_a_host_that_never_came_back_had_printed_is_archived_after_a_day(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Run] = []
    monkeypatch.setattr(archive, "keep", kept.append)
    run = running(make, ELSEWHERE, timedelta(minutes=9))
    sweeps.lose_silent_runs()
    sweeps.archive_abandoned_runs()
    assert not kept
    Run.objects.update(ended_at=timezone.now() - timedelta(days=2))
    sweeps.archive_abandoned_runs()
    assert [one.pk for one in kept] == [run.pk]
    assert Run.objects.get().settled
