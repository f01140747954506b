"""A run that this worker follows: its spool, how much of that is committed, and what has come since."""

import copy
import os
import time
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from proj.metrics.definitions import RUN_BYTES, RUN_WAIT
from proj.monotonic import NEVER
from proj.runs.models import CHUNK, Chunk, Run
from proj.runs.output.utf8 import complete
from proj.runs.publishing import announcements, cards
from proj.runs.publishing.announcements import Told
from proj.runs.running import endings, storing
from proj.runs.running.launching import Process
from proj.runs.running.leases import Holder
from proj.runs.running.progress import Progress
from proj.runs.running.spool import Ending, Spool

BEGINNING = 0.5  # seconds in which a command that prints at once has done so
CARD_EVERY = 1.0  # seconds between two words to the run's room
BEFORE = 4096  # bytes before where one begins to follow, in which a line of progress may have begun


@dataclass(slots=True)
class News:
    """What has come of one run since the last commit."""

    chunks: list[Chunk]
    whole: bool  # whether that is all there is at this moment
    progress: Progress
    values: dict[str, Any] = field(default_factory=dict)  # the row's fields that it changes
    over: bool = False  # whether nothing more will come
    ending: Ending | None = None  # how it ended, when the launcher has said so
    taken: bool = False  # whether another worker has the run now: then nothing was stored

    @property
    def worth_storing(self) -> bool:
        """Whether there is anything to write."""
        return self.over or bool(self.values)


class Followed:
    """Moves a run's output from the spool to the database. What was not committed is read again."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.spool = Spool(run.pk)
        self.process: Process | None = None  # the launcher, when this worker has started it
        self.trouble = ""  # why it could not be started
        self._progress = Progress()
        self._card_is_old = False
        self._card_told = NEVER  # on the monotonic clock
        self._file: BinaryIO | None = None
        self._begun = time.monotonic()

    @property
    def expected(self) -> bool:
        """Whether its first output may come any moment."""
        return not self.run.bytes and time.monotonic() - self._begun < BEGINNING

    def news(self, most: int) -> News:
        """What has come: about `most` bytes of output, and the end behind it."""
        ending = self.spool.ending()  # first: what it printed is in the spool by then
        gone = ending is None and self._gone()
        news = self._read(most, last=ending is not None or gone)
        news.over = news.whole and (ending is not None or gone)
        news.ending = ending
        news.values |= self._facts(news)
        return news

    def store(self, news: News, holder: Holder) -> None:
        """Write `news` in the current transaction; `news.taken` when the run is another worker's by now."""
        if news.values and not storing.append(self.run, holder.name, news.values, news.chunks):
            news.taken = True
            return
        if news.over:
            news.values |= self._end(news.ending, holder)

    def committed(self, news: News) -> Told:
        """`news` is in the database; return what viewers are to be told."""
        self._count(news.values)
        for name, value in news.values.items():
            setattr(self.run, name, value)
        self._progress = news.progress
        told: Told = []
        if news.chunks:
            told.append(announcements.of_output(str(self.run.pk), news.chunks))
        if "progress" in news.values:
            self._progress.told()
        if {"progress", "started_at", "state"} & set(news.values):
            told.append(announcements.of_state(self.run))
        return told + self._card(news)

    def _card(self, news: News) -> Told:
        """Its room hears of what is new at most once a second; of its end, when that is stored."""
        self._card_is_old |= bool(news.chunks or news.values)
        if not self._card_is_old or "state" in news.values or time.monotonic() - self._card_told < CARD_EVERY:
            return []
        self._card_is_old, self._card_told = False, time.monotonic()
        return [*cards.of_state(self.run)]

    def _count(self, values: dict[str, Any]) -> None:
        """Have the metrics know of it, before the run does."""
        RUN_BYTES.inc(values.get("bytes", self.run.bytes) - self.run.bytes)
        if "started_at" in values:
            RUN_WAIT.observe(max(0.0, (values["started_at"] - self.run.created_at).total_seconds()))

    def close(self) -> None:
        """Read no more."""
        if self._file is not None:
            self._file.close()
            self._file = None

    # reading

    def _read(self, most: int, *, last: bool) -> News:
        """New output; `last`: a character that is cut off at the very end will not be completed any more."""
        data = self._bytes(most)
        short = len(data) < most
        size = len(data) if last and short else complete(data)
        news = News(self._cut(data[:size]), whole=short, progress=copy.copy(self._progress))
        if news.chunks:
            news.progress.feed(data[:size])
            news.values = {
                "bytes": self.run.bytes + size,
                "lines": self.run.lines + data.count(b"\n", 0, size),
                "chunks": self.run.chunks + len(news.chunks),
            }
        return news

    def _bytes(self, most: int) -> bytes:
        if self._file is None:
            try:
                self._file = self.spool.output.open("rb", buffering=0)
            except OSError:
                return b""
            # Another worker may have followed it up to here, into the middle of a line.
            size = min(BEFORE, self.run.bytes)
            self._progress.feed(os.pread(self._file.fileno(), size, self.run.bytes - size).rpartition(b"\n")[2])
        return os.pread(self._file.fileno(), most, self.run.bytes)

    def _cut(self, data: bytes) -> list[Chunk]:
        chunks: list[Chunk] = []
        offset, line = self.run.bytes, self.run.lines + 1
        while data:
            size = complete(data[:CHUNK]) if len(data) > CHUNK else len(data)
            part, data = data[:size], data[size:]
            seq = self.run.chunks + len(chunks) + 1
            chunks.append(Chunk.of(self.run, seq, offset, line, part))
            offset, line = offset + size, line + part.count(b"\n")
        return chunks

    # the row

    def _facts(self, news: News) -> dict[str, Any]:
        """What else is known by now."""
        facts: dict[str, Any] = {}
        if self.run.launcher_pid is None and (launcher := self.spool.launcher()):
            facts = {"launcher_pid": launcher.pid, "launcher_start": launcher.start}
        if self.run.started_at is None and (at := self.spool.started()):
            facts["started_at"] = at
        if news.progress.due(last=news.over):
            facts |= {"progress": news.progress.percent, "progress_text": news.progress.text}
        return facts

    def _gone(self) -> bool:
        """Whether its launcher has ended without a word on how the command did."""
        if self.process is not None and self.process.poll() is None:
            return False
        launcher = self.spool.launcher()
        return not (launcher is not None and launcher.alive()) and self.spool.ending() is None

    def _end(self, ending: Ending | None, holder: Holder) -> dict[str, Any]:
        """Say in the row how it ended. A run that was given up as lost stays so, with the rest of its output."""
        if ending is not None:
            self.run.refresh_from_db(fields=["cancel_requested_by"])
            state, values = endings.of(self.run, ending)
        elif self.trouble or (self.process is not None and self.spool.launcher() is None):
            state, values = endings.unborn(self.trouble or self.spool.last_words())
        else:
            self.spool.end_orphans()
            state, values = endings.orphaned(self.run)
        if not Chunk.objects.filter(run=self.run).exists():
            values |= {"settled": True, "worker": "", "lease_until": None}
        mine = Run.objects.filter(pk=self.run.pk, worker=holder.name)
        if mine.move(state, **values):
            return values | {"state": state}
        return {}
