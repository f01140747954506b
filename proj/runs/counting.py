"""The number of runs that have ever ended, by state: from the rows, and from a counter for deleted ones.

No process counts ends as they happen, so no end is missed or counted twice when a process is killed.
"""

from django.db.models import Count, F

from proj.runs.models import Deleted, Run
from proj.runs.states import ENDED, State


def ended() -> dict[State, int]:
    """Return the number of ended runs by state, deleted ones included. It falls only when a backup is restored."""
    rows = Run.objects.ended().order_by().values_list("state").annotate(Count("pk"))
    gone = Deleted.objects.values_list("state", "runs")
    found = dict.fromkeys(sorted(ENDED), 0)
    for state, runs in rows.union(gone, all=True):  # in one statement: between two, a run might be deleted
        found[State(state)] += runs
    return found


def delete(run: Run) -> None:
    """Delete the row of an ended run in the current transaction, and count it."""
    state = Run.objects.filter(pk=run.pk).ended().values_list("state", flat=True).first()
    if state and Run.objects.filter(pk=run.pk).delete()[1].get(Run._meta.label):
        Deleted.objects.get_or_create(state=state)
        Deleted.objects.filter(state=state).update(runs=F("runs") + 1)
