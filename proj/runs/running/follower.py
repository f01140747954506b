"""Follows one run: moves its output from the spool to the database. Output that was not committed is read again."""

import copy
import os
import time
from dataclasses import dataclass, field
from typing import BinaryIO

from proj.layer.messages import GroupMessage
from proj.metrics.definitions import RUN_BYTES, RUN_WAIT
from proj.monotonic import NEVER
from proj.runs.models import CHUNK, Chunk, Run
from proj.runs.output.decoding import complete
from proj.runs.publishing import announcements, cards
from proj.runs.running import endings, storing
from proj.runs.running.launching import Process
from proj.runs.running.leases import Holder
from proj.runs.running.progress import Progress
from proj.runs.running.spool import Ending, Spool
from proj.runs.running.storing import RunFields

FIRST_OUTPUT_SECONDS = 0.5  # a command that prints at once has done so by then
CARD_PERIOD_SECONDS = 1.0  # between two updates of the card in the run's room
LOOKBACK_BYTES = 4096  # before the first byte that is read: a line of progress may have begun there


@dataclass(slots=True)
class RunChanges:
    """The changes of one run since the last commit."""

    chunks: list[Chunk] = field(default_factory=list)
    fields: RunFields = field(default_factory=RunFields)
    progress: Progress = field(default_factory=Progress)
    drained: bool = False  # whether the spool holds no more output at this moment
    final: bool = False  # whether nothing more will follow
    ending: Ending | None = None  # the launcher's report, when the command has ended
    refused: bool = False  # whether another worker holds the run by now, so that nothing was stored

    @property
    def size(self) -> int:
        """Bytes of output in the chunks."""
        return sum(len(chunk.output) for chunk in self.chunks)

    @property
    def worth_storing(self) -> bool:
        """Whether there is anything to write."""
        return self.final or bool(self.fields)


class RunFollower:
    """One run that this worker holds: read() new output, store() it in a transaction, then announce() it."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.spool = Spool(run.pk)
        self.process: Process | None = None  # the launcher, when this worker has started it
        self.launch_error = ""  # why the launcher could not be started
        self.changes = RunChanges()
        self._progress = Progress(run.service.encoding)
        self._card_outdated = False
        self._card_sent_at = NEVER
        self._file: BinaryIO | None = None
        self._followed_since = time.monotonic()

    @property
    def expects_first_output(self) -> bool:
        """Whether the run has just begun and printed nothing yet."""
        return not self.run.bytes and time.monotonic() - self._followed_since < FIRST_OUTPUT_SECONDS

    def read(self, limit: int) -> RunChanges:
        """Read about `limit` bytes of output, and the end behind them; `changes` holds them until the commit."""
        ending = self.spool.ending()  # before the output: all of it is in the spool when the report is
        gone = ending is None and self._launcher_gone()
        self.changes = changes = self._read_output(limit, last=ending is not None or gone)
        changes.final = changes.drained and (ending is not None or gone)
        changes.ending = ending
        self._add_reports(changes)
        return changes

    def store(self, holder: Holder) -> None:
        """Write the changes in the current transaction; `changes.refused` when another worker holds the run by now."""
        changes = self.changes
        if changes.fields and not storing.append(self.run, holder.name, changes.fields, changes.chunks):
            changes.refused = True
        elif changes.final:
            self._store_end(changes, holder)

    def announce(self) -> list[GroupMessage]:
        """Take over the changes, which are committed now; return the announcements of them."""
        changes = self.changes
        self._count(changes.fields)
        for name, value in changes.fields.items():
            setattr(self.run, name, value)
        self._progress = changes.progress
        found: list[GroupMessage] = []
        if changes.chunks:
            found.append(announcements.of_output(str(self.run.pk), changes.chunks, self.run.service.encoding))
        if "progress" in changes.fields:
            self._progress.stored()
        if {"progress", "started_at", "state"} & set(changes.fields):
            found.append(announcements.of_state(self.run))
        return [*found, *self._card(changes)]

    def close(self) -> None:
        """Close the spool's file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    # output

    def _read_output(self, limit: int, *, last: bool) -> RunChanges:
        """Read new output; `last`: a character that is cut off at the very end will not be completed any more."""
        data = self._bytes(limit)
        drained = len(data) < limit
        size = len(data) if last and drained else complete(data, self.run.service.encoding)
        changes = RunChanges(self._cut(data[:size]), drained=drained, progress=copy.copy(self._progress))
        if changes.chunks:
            changes.progress.feed(data[:size])
            changes.fields = {
                "bytes": self.run.bytes + size,
                "lines": self.run.lines + data.count(b"\n", 0, size),
                "chunks": self.run.chunks + len(changes.chunks),
            }
        return changes

    def _bytes(self, limit: int) -> bytes:
        if self._file is None:
            try:
                self._file = self.spool.output.open("rb", buffering=0)
            except OSError:
                return b""
            # Another worker may have followed the run up to here, into the middle of a line.
            size = min(LOOKBACK_BYTES, self.run.bytes)
            self._progress.feed(os.pread(self._file.fileno(), size, self.run.bytes - size).rpartition(b"\n")[2])
        return os.pread(self._file.fileno(), limit, self.run.bytes)

    def _cut(self, data: bytes) -> list[Chunk]:
        chunks: list[Chunk] = []
        offset, line = self.run.bytes, self.run.lines + 1
        while data:
            size = complete(data[:CHUNK], self.run.service.encoding) if len(data) > CHUNK else len(data)
            part, data = data[:size], data[size:]
            seq = self.run.chunks + len(chunks) + 1
            chunks.append(Chunk.of(self.run, seq, offset, line, part))
            offset, line = offset + size, line + part.count(b"\n")
        return chunks

    # the row

    def _add_reports(self, changes: RunChanges) -> None:
        """Add the launcher's identity, the time of the start and the progress, where these are new."""
        if self.run.launcher_pid is None and (launcher := self.spool.launcher()):
            changes.fields |= {"launcher_pid": launcher.pid, "launcher_start": launcher.start}
        if self.run.started_at is None and (at := self.spool.started_at()):
            changes.fields["started_at"] = at
        if changes.progress.due(final=changes.final):
            changes.fields |= {"progress": changes.progress.percent, "progress_text": changes.progress.text}

    def _launcher_gone(self) -> bool:
        """Return whether the launcher has ended without a report."""
        if self.process is not None and self.process.poll() is None:
            return False
        launcher = self.spool.launcher()
        return not (launcher is not None and launcher.alive()) and self.spool.ending() is None

    def _store_end(self, changes: RunChanges, holder: Holder) -> None:
        """Store how the run ended. A run that was given up as lost stays lost, with the rest of its output."""
        if changes.ending is not None:
            self.run.refresh_from_db(fields=["cancel_requested_by"])
            state, fields = endings.reported(self.run, changes.ending)
        elif self.launch_error or (self.process is not None and self.spool.launcher() is None):
            state, fields = endings.not_launched(self.launch_error or self.spool.complaint())
        else:
            self.spool.kill_orphans()
            state, fields = endings.launcher_gone(self.run)
        if not Chunk.objects.filter(run=self.run).exists():
            fields |= {"settled": True, "worker": "", "lease_until": None}
        if Run.objects.filter(pk=self.run.pk, worker=holder.name).move(state, **fields):
            changes.fields |= fields
            changes.fields["state"] = state

    # after the commit

    def _card(self, changes: RunChanges) -> list[GroupMessage]:
        """Return the card's update, at most one a second. The card of an ended run is announced when that is stored."""
        self._card_outdated |= bool(changes.chunks or changes.fields)
        recently = time.monotonic() - self._card_sent_at < CARD_PERIOD_SECONDS
        if not self._card_outdated or "state" in changes.fields or recently:
            return []
        self._card_outdated, self._card_sent_at = False, time.monotonic()
        return [*cards.of_state(self.run)]

    def _count(self, fields: RunFields) -> None:
        """Add the changes to the metrics, while the run still has its old values."""
        RUN_BYTES.inc(fields.get("bytes", self.run.bytes) - self.run.bytes)
        if "started_at" in fields:
            RUN_WAIT.observe(max(0.0, (fields["started_at"] - self.run.created_at).total_seconds()))
