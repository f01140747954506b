"""The layer messages about runs, for viewers. They are sent after the commit; the database has all of it."""

from collections.abc import Sequence

from proj.layer.messages import OutputPiece, RunOutput, RunState
from proj.runs.models import Chunk, Run
from proj.runs.output import decoding
from proj.runs.publishing import frames

MAX_OUTPUT_BYTES = 64 * 1024  # in one message; a message about more output carries only its end


def of_state(run: Run) -> RunState:
    """Return the message about a run's state, for viewers of the run and of its service."""
    return RunState(state=dict(frames.state(run)))


def of_output(run_id: str, chunks: Sequence[Chunk], encoding: str = decoding.UTF_8) -> RunOutput:
    """Return the message about new output: consecutive chunks of a run."""
    last = chunks[-1]
    end = last.offset + len(last.output)
    fits = end - chunks[0].offset <= MAX_OUTPUT_BYTES
    return RunOutput(run=run_id, bytes=end, chunks=[_piece(chunk, encoding) for chunk in chunks] if fits else [])


def _piece(chunk: Chunk, encoding: str) -> OutputPiece:
    data = chunk.output
    return OutputPiece(chunk.seq, chunk.offset, chunk.offset + len(data), chunk.line, decoding.text(data, encoding))
