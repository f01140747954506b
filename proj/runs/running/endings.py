"""What a run's end means: from what its launcher wrote to the state and the sentence that people read."""

from datetime import datetime
from signal import Signals
from typing import Any

from django.utils import timezone

from proj.runs.models import Run
from proj.runs.reasons import Fields, given
from proj.runs.running import processes
from proj.runs.running.spool import Ending
from proj.runs.states import State


def of(run: Run, ending: Ending) -> tuple[State, dict[str, Any]]:
    """The state that this ending leads to, and the run's other fields."""
    state, said = _meaning(run, ending)
    return state, _fields(ending.at, said, ending.exit_code, ending.signal)


def unborn(complaint: str) -> tuple[State, dict[str, Any]]:
    """As of(), for a run whose launcher could not be started."""
    return State.FAILED, _fields(timezone.now(), given("no_launcher", error=complaint or "no reason"))


def orphaned(run: Run) -> tuple[State, dict[str, Any]]:
    """As of(), for a run whose launcher is gone and said nothing: nobody knows how the command ended."""
    restarted = run.boot != processes.boot()
    return State.LOST, _fields(timezone.now(), given("host_restarted" if restarted else "launcher_gone"))


def unheard(run: Run) -> tuple[State, dict[str, Any]]:
    """As of(), for a run of a host of which nothing is heard."""
    return State.LOST, _fields(timezone.now(), given("host_silent", host=run.host))


def _fields(at: datetime, said: Fields, exit_code: int | None = None, signal: int | None = None) -> dict[str, Any]:
    return {"ended_at": at, "exit_code": exit_code, "signal": signal, **said}


def _meaning(run: Run, ending: Ending) -> tuple[State, Fields]:
    if ending.why == "canceled":
        by = run.cancel_requested_by
        return State.CANCELED, given("canceled_by", name=str(by)) if by else given("canceled_on_host")
    if ending.why == "timed_out":
        return State.TIMED_OUT, given("timed_out", seconds=run.service.timeout)
    if ending.why or ending.signal or ending.exit_code:
        return State.FAILED, _failure(run, ending)
    return State.SUCCEEDED, {"reason": "", "why": ""}


def _failure(run: Run, ending: Ending) -> Fields:
    detail, _, error = ending.detail.partition(": ")
    if ending.why == "exec" and detail == "command":
        return given("no_command", command=run.command[0], error=error)
    if ending.why == "exec":
        return given("no_directory", directory=run.service.directory or "its directory", error=error)
    if ending.why == "stopped":
        return given("stopped", signal=ending.detail)
    if ending.why == "output_limit":
        return given("output_limit", limit=run.service.output_limit)
    if ending.why == "disk" and ending.signal:
        return given("disk_signal", error=detail, signal=_signal(ending.signal))
    if ending.why == "disk":
        return given("disk_status", error=detail, status=ending.exit_code or 0)
    if ending.why:
        return {"reason": ending.detail, "why": ""}
    if ending.signal:
        return given("signal", signal=_signal(ending.signal))
    return given("status", status=ending.exit_code or 0)


def _signal(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return f"Signal {number}"
