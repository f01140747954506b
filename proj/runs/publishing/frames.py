"""The state of a run as its viewers get it: on pages, in cards and by socket."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

from django.utils import timezone

from proj.rooms.log.frames import moment
from proj.runs import reasons
from proj.runs.catalog import parameters
from proj.runs.catalog.parameters import Value
from proj.runs.models import Run
from proj.runs.publishing.waiting import Waiting, waiting
from proj.runs.states import ACTIVE


class RunState(TypedDict):
    """A run without its output, as frames and layer messages carry it. Times are ISO 8601 texts in UTC."""

    run: str  # its id
    service: str  # the service's uid
    name: str  # the service's name
    number: int
    state: str
    origin: str
    person: str | None  # the sign-in name
    parameters: dict[str, Value]
    created_at: str
    started_at: str | None
    ended_at: str | None
    duration: float | None  # seconds since the start, or since the claim before that
    progress: int | None  # 0 to 100
    progress_text: str
    exit_code: int | None
    signal: int | None
    reason: str  # in English
    why: reasons.Code | None
    bytes: int
    lines: int
    cancelable: bool
    canceling: bool
    waiting: NotRequired[Waiting]  # of a queued run, from watched()


def state(run: Run) -> RunState:
    """Return the state of a run as its row has it."""
    return {
        "run": str(run.pk),
        "service": run.service.uid,
        "name": run.service.name,
        "number": run.number,
        "state": str(run.state),
        "origin": str(run.origin),
        "person": run.person.username if run.person else None,
        "parameters": run.parameters,
        "created_at": moment(run.created_at),
        "started_at": moment(run.started_at) if run.started_at else None,
        "ended_at": moment(run.ended_at) if run.ended_at else None,
        "duration": duration(run),
        "progress": run.progress,
        "progress_text": run.progress_text,
        "exit_code": run.exit_code,
        "signal": run.signal,
        "reason": run.reason,
        "why": reasons.code(run),
        "bytes": run.bytes,
        "lines": run.lines,
        "cancelable": run.state in ACTIVE and run.cancel_requested_at is None,
        "canceling": run.state in ACTIVE and run.cancel_requested_at is not None,
    }


def duration(run: Run) -> float | None:
    """Return the seconds since the start of the run, or since the claim before that; None before both."""
    begun = run.started_at or run.claimed_at
    return round(max(0.0, ((run.ended_at or timezone.now()) - begun).total_seconds()), 3) if begun else None


def watched(runs: Sequence[Run]) -> list[RunState]:
    """Return the states of these runs for people who watch them: those of queued runs with the cause of the wait."""
    causes = waiting(runs)
    return [{**state(run), "waiting": causes[run.pk]} if run.pk in causes else state(run) for run in runs]


def differing(run: Run) -> dict[str, Value]:
    """Return the run's parameters that are not the service's defaults, for places where a line must do."""
    try:
        return parameters.differing(run.service.parameters_described(), run.parameters)
    except parameters.BadDescription:  # a service that was written past its form
        return dict(run.parameters)
