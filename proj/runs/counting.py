"""How many runs have ever ended, by how they did: the rows say it, and for those that are deleted a number does.

Nobody counts a run's end as it comes, so none is missed or counted twice, whichever process ended it and whatever
killed that a moment later.
"""

from django.db.models import Count, F

from proj.runs.models import Deleted, Run
from proj.runs.states import ENDED, State


def ended() -> dict[State, int]:
    """The runs that have ended, deleted ones too. It only grows, but for a backup that is restored."""
    rows = Run.objects.ended().order_by().values_list("state").annotate(Count("pk"))
    gone = Deleted.objects.values_list("state", "runs")
    found = dict.fromkeys(sorted(ENDED), 0)
    for state, runs in rows.union(gone, all=True):  # in one statement: between two, a run might be deleted
        found[State(state)] += runs
    return found


def delete(run: Run) -> None:
    """Delete the row of an ended run, in the current transaction. It stays counted, once."""
    state = Run.objects.filter(pk=run.pk).ended().values_list("state", flat=True).first()
    if state and Run.objects.filter(pk=run.pk).delete()[1].get(Run._meta.label):
        Deleted.objects.get_or_create(state=state)
        Deleted.objects.filter(state=state).update(runs=F("runs") + 1)
