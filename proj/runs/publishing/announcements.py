"""Tells viewers, after the commit, what a run has come to. They can read all of it in the database."""

from collections.abc import Sequence
from typing import Any

from proj.layer.names import run_group, service_group
from proj.runs.models import Chunk, Run
from proj.runs.publishing import frames

CARRIED = 64 * 1024  # bytes of output in a message; of more, viewers are told only how far it goes

Told = list[tuple[str, dict[str, Any]]]  # pairs of group and message


def of_state(run: Run) -> Told:
    """The messages that tell of a run's state: to who has it open, and to who has its service open."""
    message = {
        "type": "run.state",
        "run": str(run.pk),
        "service": run.service_id,
        "room": run.room_id or 0,
        "state": frames.state(run),
    }
    return [(run_group(str(run.pk)), message), (service_group(run.service.uid), message)]


def of_output(run_id: str, chunks: Sequence[Chunk]) -> Told:
    """The message that tells of new output, in the order of seq."""
    last = chunks[-1]
    end = last.offset + len(last.output)
    whole = end - chunks[0].offset <= CARRIED
    message = {
        "type": "run.output",
        "run": run_id,
        "head": last.seq,
        "bytes": end,
        "chunks": [frames.piece(chunk) for chunk in chunks] if whole else [],
    }
    return [(run_group(run_id), message)]
