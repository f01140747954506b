"""Runs as the pages list them: with the values that tell one from another, and uneventful scheduled runs folded."""

from collections import Counter
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
    """One of the last runs of a service: how it ended, and how long it took beside the others."""

    run: str  # its id
    number: int
    state: str
    duration: float | None  # seconds
    height: int  # 1 to BAR_HEIGHTS

    @property
    def word(self) -> str:
        """The word for the state, in the reader's language."""
        return str(State(self.state).label)


def bars(services: Sequence[Service]) -> dict[int, list[Bar]]:
    """Return the last BARS runs of each of these services, oldest first, by the key of the service. One query."""
    newest = Run.objects.filter(service__in=services, number__gt=F("service__last_number") - BARS).order_by("number")
    found: dict[int, list[Run]] = {service.pk: [] for service in services}
    for run in newest.only("service_id", "number", "state", "claimed_at", "started_at", "ended_at"):
        found[run.service_id].append(run)
    return {key: _bars(runs) for key, runs in found.items()}


def _bars(runs: Sequence[Run]) -> list[Bar]:
    lasted = [frames.duration(run) for run in runs]
    longest = max((seconds or 0.0 for seconds in lasted), default=0.0) or 1.0
    return [
        Bar(str(run.pk), run.number, run.state, seconds, max(1, round(BAR_HEIGHTS * (seconds or 0.0) / longest)))
        for run, seconds in zip(runs, lasted, strict=True)
    ]


def summary(bars: Sequence[Bar]) -> str:
    """Return the numbers of the bars by state, as "9 × Succeeded, 1 × Failed", in the reader's language."""
    return ", ".join(f"{count} × {State(state).label}" for state, count in Counter(bar.state for bar in bars).items())


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
