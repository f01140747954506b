"""Clears up behind a run that has ended: its output is archived, then nothing of it is left elsewhere."""

from uuid import UUID

from proj.runs.models import Run
from proj.runs.output import archive
from proj.runs.running.spool import Spool


def settle(id: UUID) -> None:
    """Archive the output of an ended run, let chunks and spool go. May be called again after any interruption."""
    run = Run.objects.filter(pk=id).ended().first()
    if run is None:
        return
    archive.keep(run)
    Spool(id).remove()
    Run.objects.filter(pk=id).update(settled=True, worker="", lease_until=None)
