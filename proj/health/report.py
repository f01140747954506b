"""What the doctor reports, and how a walk through the steps is made."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import uuid4


class State(StrEnum):
    """How a step is. UNSEEN is what could not be looked at, or has only just been started."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a step saw. `part` names it where one step looks at several things, as "worker-chat" among the programs."""

    state: State
    saw: str
    advice: str = ""
    part: str = ""


def green(saw: str, part: str = "") -> Seen:
    return Seen(State.GREEN, saw, "", part)


def yellow(saw: str, advice: str, part: str = "") -> Seen:
    return Seen(State.YELLOW, saw, advice, part)


def red(saw: str, advice: str, part: str = "") -> Seen:
    return Seen(State.RED, saw, advice, part)


def unseen(saw: str, advice: str, part: str = "") -> Seen:
    return Seen(State.UNSEEN, saw, advice, part)


@dataclass(slots=True)
class Walk:
    """One run of the doctor, however often it repeats itself while it waits."""

    # A repeated client_id stores nothing: one run posts one message, however often it has to try.
    client_id: str = field(default_factory=lambda: str(uuid4()))


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to look at. It is left out when one of `needs` (names of findings) is red or was left out.

    Where a step looks at several things, each is a finding of its own, named as in "program worker-chat".
    """

    name: str
    look: Callable[[Walk], Iterable[Seen]]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `ms` is how long looking took, in milliseconds."""

    step: str
    state: State
    saw: str
    advice: str
    ms: float


def examine(steps: Iterable[Step], walk: Walk) -> Iterator[Finding]:
    """Take the steps in order and yield each finding as it is made. Never raises: a step that raises is red."""
    closed: set[str] = set()
    for step in steps:
        blocked = [need for need in step.needs if need in closed]
        if blocked:
            closed.add(step.name)
            yield Finding(step.name, State.UNSEEN, "could not look", f"first mend: {', '.join(blocked)}", 0.0)
            continue
        for finding in _look(step, walk):
            if finding.state is State.RED:
                closed.add(finding.step)
            yield finding


def _look(step: Step, walk: Walk) -> Iterator[Finding]:
    since = time.perf_counter()
    try:
        for seen in step.look(walk):
            name = f"{step.name} {seen.part}" if seen.part else step.name
            yield Finding(name, seen.state, _line(seen.saw), seen.advice, _ms(since))
            since = time.perf_counter()
    except Exception as error:  # whatever it is, the other steps still have something to say
        saw = f"{type(error).__name__}: {error}"
        yield Finding(step.name, State.RED, _line(saw), "The doctor did not expect this; read var/log.", _ms(since))


def _line(text: str) -> str:
    return " ".join(text.split())[:400]


def _ms(since: float) -> float:
    return round((time.perf_counter() - since) * 1000, 1)


def exit_code(findings: Iterable[Finding]) -> int:
    """0 all well (yellow is a warning), 1 something is red, 2 something could not be looked at."""
    states = {finding.state for finding in findings}
    if State.RED in states:
        return 1
    return 2 if State.UNSEEN in states else 0
