"""What the interface reads of runs. Synchronous: asked through database.ask()."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from proj.runs.models import Run, Service
from proj.runs.output import reading
from proj.runs.publishing import frames
from proj.runs.states import ENDED, State

# fields of a state that are others each time that one looks, and no news
TICKING = ("duration",)


@dataclass(frozen=True, slots=True)
class Opening:
    """A run's state, and where a viewer begins: an offset, and the line there (None: the viewer knows it already)."""

    state: dict[str, Any]
    offset: int
    line: int | None


def opening(id: str, offset: int | None, far: int, tail: int) -> Opening:
    """Where to begin for who has `offset` bytes: there, or near the end when that is `far` away. None: near the end.

    Raises Run.DoesNotExist.
    """
    run = _run(id)
    state = frames.state(run)
    if offset is not None and run.bytes - far <= offset <= run.bytes:
        return Opening(state, offset, None)
    return Opening(state, *reading.place(run, max(0, run.bytes - tail)))


def after(id: str, offset: int, limit: int) -> tuple[bytes, int]:
    """At most `limit` bytes after `offset`, and the offset behind them; nothing when the run is gone."""
    run = Run.objects.filter(pk=id).first()
    return reading.after(run, offset, limit) if run else (b"", offset)


def tail(id: str, offset: int) -> tuple[int, int]:
    """A place at or a little before `offset` whose line is known: its offset, and its line's number."""
    return reading.place(_run(id), offset)


def states(ids: Iterable[str]) -> list[dict[str, Any]]:
    """The states of these runs."""
    return [frames.state(run) for run in Run.objects.filter(pk__in=list(ids)).select_related("service", "person")]


def newest(uids: Iterable[str]) -> list[dict[str, Any]]:
    """The states of these services' runs that go on, and of their newest ones, in the order of their numbers."""
    services = list(Service.objects.filter(uid__in=list(uids)).values_list("pk", flat=True))
    runs = Run.objects.filter(service__in=services).select_related("service", "person")
    # one question each: no index answers both, and a service may have a hundred thousand runs
    found = {*runs.running(), *runs.filter(number=F("service__last_number"))}
    return [frames.state(run) for run in sorted(found, key=lambda run: run.number)]


def shown_first(uid: str) -> list[dict[str, Any]]:
    """What who comes to a service is shown: the newest run that goes on, or else its newest (of those that wait: the
    first); and behind it the newest that waits, if any."""
    service = Service.objects.filter(uid=uid).first()
    if service is None:
        return []
    runs = Run.objects.filter(service=service).select_related("service", "person")
    # by its number while it is kept: what has the greatest one, SQLite may look for through all of them
    newest = runs.filter(number=service.last_number).first() or runs.order_by("-number").first()
    if newest is None:
        return []
    if newest.state != State.QUEUED:
        return [frames.state(newest)]
    first = runs.running().order_by("-number").first()
    first = first or runs.queued().order_by("number").first() or newest
    return [frames.state(run) for run in dict.fromkeys((first, newest))]


def takes_over(state: dict[str, Any], shown: dict[str, Any]) -> bool:
    """Whether who is shown one run of a service goes over to another. What goes on is not left for what waits."""
    if not shown or state["number"] == shown["number"]:
        return not shown
    if state["number"] > shown["number"]:
        return _begun(state) or _stage(shown) == 2
    return _stage(shown) == 0 and _stage(state) == 1


def _begun(state: dict[str, Any]) -> bool:
    return state["duration"] is not None


def older(state: dict[str, Any], known: dict[str, Any]) -> bool:
    """Whether `state` was read, or sent, before what is known: nothing is queued again, or runs after its end."""
    return bool(known) and _stage(state) < _stage(known)


def _stage(state: dict[str, Any]) -> int:
    return 2 if state["state"] in ENDED else int(state["state"] != State.QUEUED)


def news(known: dict[str, Any], state: dict[str, Any]) -> bool:
    """Whether there is more in `state` than time that has passed."""
    return any(state[name] != known.get(name) for name in state if name not in TICKING)


def _run(id: str) -> Run:
    return Run.objects.select_related("service", "person").get(pk=id)
