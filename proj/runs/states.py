"""The states of a run, and which may follow which."""

from django.db.models import TextChoices


class State(TextChoices):
    """Where a run stands. All but the first two are ends."""

    QUEUED = "queued"
    RUNNING = "running"  # a worker has claimed it
    SUCCEEDED = "succeeded"  # exit status 0
    FAILED = "failed"
    CANCELED = "canceled"
    TIMED_OUT = "timed_out"
    LOST = "lost"  # nobody can say how it ended: its host died, or its launcher did


ACTIVE = frozenset({State.QUEUED, State.RUNNING})
ENDED = frozenset(State) - ACTIVE

# state -> the states that it may follow; nothing follows an end
AFTER: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset(),
    State.RUNNING: frozenset({State.QUEUED}),
    State.SUCCEEDED: frozenset({State.RUNNING}),
    State.FAILED: frozenset({State.RUNNING}),
    State.CANCELED: frozenset({State.QUEUED, State.RUNNING}),
    State.TIMED_OUT: frozenset({State.RUNNING}),
    State.LOST: frozenset({State.RUNNING}),
}
