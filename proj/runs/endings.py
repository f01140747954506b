"""What a run's end means: from what its launcher wrote to the state and the sentence that people read."""

from datetime import datetime
from signal import Signals
from typing import Any

from django.utils import timezone

from proj.runs import processes
from proj.runs.models import Run
from proj.runs.spool import Ending
from proj.runs.states import State


def of(run: Run, ending: Ending) -> tuple[State, dict[str, Any]]:
    """The state that this ending leads to, and the run's other fields."""
    state, reason = _meaning(run, ending)
    return state, _fields(ending.at, reason, ending.exit_code, ending.signal)


def unborn(complaint: str) -> tuple[State, dict[str, Any]]:
    """As of(), for a run whose launcher could not be started."""
    return State.FAILED, _fields(timezone.now(), f"Its launcher could not be started: {complaint or 'no reason'}.")


def orphaned(run: Run) -> tuple[State, dict[str, Any]]:
    """As of(), for a run whose launcher is gone and said nothing: nobody knows how the command ended."""
    why = "its host was restarted" if run.boot != processes.boot() else "its launcher is gone"
    return State.LOST, _fields(timezone.now(), f"Nobody saw its end: {why}. What it had printed is here.")


def unheard(run: Run) -> tuple[State, dict[str, Any]]:
    """As of(), for a run of a host of which nothing is heard."""
    return State.LOST, _fields(timezone.now(), f"Nothing is heard of its host, {run.host}.")


def _fields(at: datetime, reason: str, exit_code: int | None = None, signal: int | None = None) -> dict[str, Any]:
    return {"ended_at": at, "reason": reason, "exit_code": exit_code, "signal": signal}


def _meaning(run: Run, ending: Ending) -> tuple[State, str]:
    if ending.why == "canceled":
        return State.CANCELED, f"Canceled by {run.cancel_requested_by or 'somebody on the host'}."
    if ending.why == "timed_out":
        return State.TIMED_OUT, f"It took longer than {run.service.timeout} s, and was ended."
    if ending.why == "exec":
        step, _, error = ending.detail.partition(": ")
        what = run.command[0] if step == "command" else f"in {run.service.directory or 'its directory'}"
        return State.FAILED, f"It could not be started: {what}: {error}."
    if ending.why == "stopped":
        return State.FAILED, f"Its launcher was told to stop ({ending.detail}): the host may have been shut down."
    if ending.why:
        return State.FAILED, _with_status(ending)
    if ending.signal:
        return State.FAILED, f"{_signal(ending.signal)} ended it."
    if ending.exit_code:
        return State.FAILED, f"It ended with status {ending.exit_code}."
    return State.SUCCEEDED, ""


def _with_status(ending: Ending) -> str:
    if ending.why == "disk":
        status = _signal(ending.signal) if ending.signal else f"status {ending.exit_code}"
        return f"{ending.detail} It ended with {status}."
    return ending.detail


def _signal(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return f"Signal {number}"
