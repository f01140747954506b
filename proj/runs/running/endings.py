"""The end of a run: from its launcher's report to the state, and to the sentence that people read."""

import getpass
from datetime import datetime
from signal import Signals

from django.utils import timezone

from proj.runs.models import Run
from proj.runs.reasons import NO_REASON, Reason, reason
from proj.runs.running import processes
from proj.runs.running.spool import Ending
from proj.runs.running.storing import RunFields
from proj.runs.states import State


def reported(run: Run, ending: Ending) -> tuple[State, RunFields]:
    """Return the state that this ending leads to, and the fields of the run's row that say so."""
    state, why = _outcome(run, ending)
    return state, _fields(ending.at, why, ending.exit_code, ending.signal)


def not_launched(error: str) -> tuple[State, RunFields]:
    """As reported(), for a run without a launcher, which could not be started."""
    return State.FAILED, _fields(timezone.now(), reason("no_launcher", error=error or "no reason"))


def launcher_gone(run: Run) -> tuple[State, RunFields]:
    """As reported(), for a launcher that is gone without a report: how the command ended is unknown."""
    restarted = run.boot != processes.boot()
    return State.LOST, _fields(timezone.now(), reason("host_restarted" if restarted else "launcher_gone"))


def host_silent(run: Run) -> tuple[State, RunFields]:
    """As reported(), for a host that no longer renews its leases."""
    return State.LOST, _fields(timezone.now(), reason("host_silent", host=run.host))


def _fields(at: datetime, why: Reason, exit_code: int | None = None, signal: int | None = None) -> RunFields:
    return {"ended_at": at, "exit_code": exit_code, "signal": signal, "reason": why["reason"], "why": why["why"]}


def _outcome(run: Run, ending: Ending) -> tuple[State, Reason]:
    if ending.why == "canceled":
        by = run.cancel_requested_by
        return State.CANCELED, reason("canceled_by", name=str(by)) if by else reason("canceled_on_host")
    if ending.why == "timed_out":
        return State.TIMED_OUT, reason("timed_out", seconds=run.service.timeout)
    if ending.why or ending.signal or ending.exit_code:
        return State.FAILED, _failure(run, ending)
    return State.SUCCEEDED, NO_REASON


def _failure(run: Run, ending: Ending) -> Reason:
    detail, _, error = ending.detail.partition(": ")
    if ending.why == "exec" and detail == "command":
        return reason("no_command", command=run.command[0], error=error)
    if ending.why == "exec" and detail == "sudo":
        return reason("no_sudo", own=getpass.getuser(), user=run.service.run_as, error=error)
    if ending.why == "exec":
        return reason("no_directory", directory=run.service.directory or "its directory", error=error)
    if ending.why == "stopped":
        return reason("stopped", signal=ending.detail)
    if ending.why == "output_limit":
        return reason("output_limit", limit=run.service.output_limit)
    if ending.why == "disk" and ending.signal:
        return reason("disk_signal", error=detail, signal=_signal_name(ending.signal))
    if ending.why == "disk":
        return reason("disk_status", error=detail, status=ending.exit_code or 0)
    if ending.why:
        return {"reason": ending.detail, "why": ""}
    if ending.signal:
        return reason("signal", signal=_signal_name(ending.signal))
    return reason("status", status=ending.exit_code or 0)


def _signal_name(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return f"Signal {number}"
