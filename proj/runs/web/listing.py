"""Runs as the pages list them: with the values that tell one from another, and uneventful scheduled runs folded."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F

from proj.runs.catalog.parameters import Value
from proj.runs.choices import Origin
from proj.runs.models import Run, RunSet, Service
from proj.runs.publishing import frames
from proj.runs.publishing.frames import RunState
from proj.runs.states import State

MIN_FOLDED_RUNS = 3
BARS = 10
BAR_HEIGHTS = 8  # .tall-1 to .tall-8 in static/css/runs/runs.css


class ListedRun(RunState):
    """A run's state, and what a list says beside it."""

    called: str  # the display name of the person that started it
    given: dict[str, Value]  # the parameters that are not the service's defaults
    host: str  # the host that ran it; empty before a worker claims it


@dataclass(frozen=True, slots=True)
class Fold:
    """Scheduled runs of one service that all succeeded, newest first, and nothing else happened in between."""

    runs: list[ListedRun]

    @property
    def key(self) -> str:
        """The name of the fold: newer runs join it, so the oldest one names it."""
        return f"{self.newest['service']}-{self.oldest['number']}"

    @property
    def newest(self) -> ListedRun:
        return self.runs[0]

    @property
    def oldest(self) -> ListedRun:
        return self.runs[-1]


@dataclass(frozen=True, slots=True)
class Bar:
    """One of the last runs of a service: its state, and how long it took beside the others."""

    run: ListedRun
    height: int  # 1 to BAR_HEIGHTS


def bars(services: Sequence[Service]) -> dict[int, list[Bar]]:
    """Return the last BARS runs of each of these services, oldest first, by the key of the service. One query."""
    newest = Run.objects.filter(service__in=services, number__gt=F("service__last_number") - BARS)
    found: dict[int, list[ListedRun]] = {service.pk: [] for service in services}
    for run in with_relations(newest).order_by("number"):
        found[run.service_id].append(listed(run))
    return {key: _bars(runs) for key, runs in found.items()}


def _bars(runs: Sequence[ListedRun]) -> list[Bar]:
    longest = max((run["duration"] or 0.0 for run in runs), default=0.0) or 1.0
    return [Bar(run, max(1, round(BAR_HEIGHTS * (run["duration"] or 0.0) / longest))) for run in runs]


def with_relations(runs: RunSet) -> RunSet:
    """Add the rows that listed() reads."""
    return runs.select_related("service", "person")


def listed(run: Run, state: RunState | None = None) -> ListedRun:
    """Return a run's state for a list or a page."""
    called = run.person.display_name if run.person else ""
    return {**(state or frames.state(run)), "called": called, "given": frames.differing(run), "host": run.host}


def folded(runs: Sequence[ListedRun]) -> list[ListedRun | Fold]:
    """Return `runs`, newest first; MIN_FOLDED_RUNS or more uneventful ones of a service stand at their newest one.

    A run that a person started, or that did not succeed, is never folded, and no fold reaches over it.
    """
    rows: list[ListedRun | Fold] = []
    uneventful: list[ListedRun] = []
    for run in runs:
        if run["origin"] == Origin.SCHEDULE and run["state"] == State.SUCCEEDED:
            uneventful.append(run)
            continue
        rows += [*_by_service(uneventful), run]
        uneventful = []
    return rows + _by_service(uneventful)


def _by_service(runs: Sequence[ListedRun]) -> list[ListedRun | Fold]:
    groups: dict[str, list[ListedRun]] = {}
    for run in runs:
        groups.setdefault(run["service"], []).append(run)
    rows: list[ListedRun | Fold] = []
    for run in runs:
        group = groups[run["service"]]
        if len(group) < MIN_FOLDED_RUNS:
            rows.append(run)
        elif run is group[0]:
            rows.append(Fold(group))
    return rows
