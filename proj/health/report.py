"""The doctor's report: steps, the findings that they lead to, and the walk through all steps."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import uuid4

import msgspec

from proj.monotonic import NEVER

MAX_REPORT_LINE_CHARACTERS = 400


class State(StrEnum):
    """The state of a step. UNSEEN: the step could not be checked, or the process has only just been started."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Observation:
    """One result of a step. `part` names the subject in a step with several, as "worker-chat" among the programs."""

    state: State
    saw: str
    advice: str = ""
    part: str = ""


def green(saw: str, part: str = "") -> Observation:
    return Observation(State.GREEN, saw, "", part)


def yellow(saw: str, advice: str, part: str = "") -> Observation:
    return Observation(State.YELLOW, saw, advice, part)


def red(saw: str, advice: str, part: str = "") -> Observation:
    return Observation(State.RED, saw, advice, part)


def unseen(saw: str, advice: str, part: str = "") -> Observation:
    return Observation(State.UNSEEN, saw, advice, part)


class CodeCheck(msgspec.Struct):
    """The output of `manage.py channels1 --json`: sentences about faults, and the channels of the routing."""

    fault: str = ""
    notices: list[str] = []
    channels: list[str] = []


@dataclass(slots=True)
class Walk:
    """One run of the doctor, with all its repetitions while it waits."""

    # A repeated client_id stores nothing: one run of the doctor posts one message, however often it tries.
    client_id: str = field(default_factory=lambda: str(uuid4()))
    code_check: CodeCheck | None = None  # of Channels 1.x code, the newest one, and its time on the monotonic clock
    code_checked_at: float = NEVER


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to check. It is left out when one of `needs` (names of findings) is red or was left out.

    A step with several subjects leads to one finding for each, named as in "program worker-chat". A `lasting` fault is
    not mended by waiting.
    """

    name: str
    check: Callable[[Walk], Iterable[Observation]]
    needs: tuple[str, ...] = ()
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `ms` is the duration of the check in milliseconds."""

    step: str
    state: State
    saw: str
    advice: str
    ms: float


def examine(steps: Iterable[Step], walk: Walk) -> Iterator[Finding]:
    """Run the steps in order and yield each finding at once. A step that raises becomes a red finding."""
    closed: set[str] = set()
    for step in steps:
        blocked = [need for need in step.needs if need in closed]
        if blocked:
            closed.add(step.name)
            yield Finding(step.name, State.UNSEEN, "not checked", f"First mend: {', '.join(blocked)}.", 0.0)
            continue
        for finding in _run(step, walk):
            if finding.state is State.RED:
                closed.add(finding.step)
            yield finding


def _run(step: Step, walk: Walk) -> Iterator[Finding]:
    since = time.perf_counter()
    try:
        for seen in step.check(walk):
            name = f"{step.name} {seen.part}" if seen.part else step.name
            yield Finding(name, seen.state, _line(seen.saw), seen.advice, _ms_since(since))
            since = time.perf_counter()
    except Exception as error:  # the other steps still have something to report
        saw = f"{type(error).__name__}: {error}"
        advice = "The doctor did not expect this error; read var/log."
        yield Finding(step.name, State.RED, _line(saw), advice, _ms_since(since))


def _line(text: str) -> str:
    return " ".join(text.split())[:MAX_REPORT_LINE_CHARACTERS]


def _ms_since(since: float) -> float:
    return round((time.perf_counter() - since) * 1000, 1)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 0 for green and yellow, 1 for any red finding, 2 for a step that could not be checked."""
    states = {finding.state for finding in findings}
    if State.RED in states:
        return 1
    return 2 if State.UNSEEN in states else 0
