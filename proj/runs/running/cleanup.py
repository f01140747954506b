"""Cleans up behind a run that has ended: archives its output, then deletes its chunks and its folder."""

from uuid import UUID

from proj.runs.models import Run
from proj.runs.output import archive
from proj.runs.running.spool import Spool


def clean_up(id: UUID) -> None:
    """Archive the output of an ended run and mark the run as settled. Harmless to repeat after any interruption."""
    run = Run.objects.filter(pk=id).ended().first()
    if run is None:
        return
    archive.keep(run)
    Spool(id).remove()
    Run.objects.filter(pk=id).update(settled=True, worker="", lease_until=None)
