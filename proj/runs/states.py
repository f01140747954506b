"""The states of a run, and their order."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class State(TextChoices):
    """The state of a run. All but the first two are ends."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")  # a worker has claimed it
    SUCCEEDED = "succeeded", _("Succeeded")  # exit status 0
    FAILED = "failed", _("Failed")
    CANCELED = "canceled", _("Canceled")
    TIMED_OUT = "timed_out", _("Timed out")
    LOST = "lost", _("Lost")  # its end is unknown: its host died, or its launcher did


ACTIVE = frozenset({State.QUEUED, State.RUNNING})
ENDED = frozenset(State) - ACTIVE
UNSUCCESSFUL = frozenset({State.FAILED, State.TIMED_OUT, State.LOST})  # static/runs/state.js has them too

# state -> the states that it may follow; no state follows an end
AFTER: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset(),
    State.RUNNING: frozenset({State.QUEUED}),
    State.SUCCEEDED: frozenset({State.RUNNING}),
    State.FAILED: frozenset({State.RUNNING}),
    State.CANCELED: frozenset({State.QUEUED, State.RUNNING}),
    State.TIMED_OUT: frozenset({State.RUNNING}),
    State.LOST: frozenset({State.RUNNING}),
}
