"""All the runs that one worker has in hand: claims, launches, follows, ends and settles them.

Synchronous: it lives in one thread, with one database connection, and does a little at a time. What it returns is to
be published: it is committed.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from proj.monotonic import NEVER
from proj.runs.models import Run
from proj.runs.publishing import announcements, cards
from proj.runs.publishing.announcements import Told
from proj.runs.running import launching, leases, processes
from proj.runs.running.following import Followed, News
from proj.runs.running.launching import Process
from proj.runs.running.leases import Holder
from proj.runs.running.spool import Spool
from proj.runs.states import State

logger = logging.getLogger(__name__)

LOOK = 5.0  # seconds between two looks for work that no message told of
ATTEND = 1.0  # seconds between two looks at who wants a run ended
TICK = 0.1  # seconds between two commits while there is a run
SOON = 0.02  # seconds between two looks while a run that has just begun has printed nothing: somebody waits for that
PORTION = 128 * 1024  # bytes read of one run for a commit
REST = 2.0  # times as long as a turn took a worker rests before the next, while there is more
WHOLE = 2 * 1024 * 1024  # bytes in a commit
JUST_NOW = timedelta(minutes=1)


class Every:
    """Whether it is time again."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._next = NEVER

    def due(self) -> bool:
        """True once in so many seconds."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self.seconds
        return True


def _not_begun(run: Run) -> bool:
    """Whether a run without a launcher may be begun: it was claimed a moment ago, perhaps by a worker that was killed.

    Later, or after a reboot, or from a restored backup, it may have run already, and must not run again.
    """
    claimed = run.claimed_at
    return run.boot == processes.boot() and claimed is not None and timezone.now() - claimed < JUST_NOW


class Runner:
    """A worker's runs, at most `most` of them begun by itself. `settle` is given each run that has ended."""

    def __init__(self, most: int, settle: Callable[[Run], None]) -> None:
        self.most = most
        self.holder = Holder.this()
        self.followed: dict[UUID, Followed] = {}
        self.settling: set[UUID] = set()
        self.more = False  # whether the last turn left output unread
        self._settle = settle
        self._took = 0.0  # seconds that the last turn took
        self._look, self._attend, self._renew = Every(LOOK), Every(ATTEND), Every(leases.RENEW)
        self._host_called = False
        self._freed = False  # whether a run has ended, so that another one may begin
        self._left: list[Process] = []  # launchers, children of this process, of runs that it follows no more

    @property
    def room(self) -> int:
        """How many more runs it may begin."""
        return max(0, self.most - len(self.followed))

    @property
    def patience(self) -> float:
        """Seconds until the next turn is due, if nothing happens before."""
        if self._freed:
            return 0.0
        if self.more:  # little by little: the disk and the processor are the chat's too, and nobody reads that fast
            return min(TICK, REST * self._took)
        if any(followed.expected for followed in self.followed.values()):
            return SOON
        return TICK if self.followed or self._left else LOOK

    def turn(self, *, look: bool) -> Told:
        """Do what is due; `look`: look for work now."""
        begun = time.monotonic()
        told: Told = []
        if (self.followed or self.settling) and self._renew.due():
            leases.renew(self.holder)
        if self._look.due() or look or self._freed:
            self._freed = False
            told += self._take()
        if (self.followed and self._attend.due()) or look:
            for id in leases.canceled(self.holder.host):
                Spool(id).cancel()
        told += self._commit()
        self._left = [process for process in self._left if process.poll() is None]
        self._took = time.monotonic() - begun
        return told

    def let_go(self) -> None:
        """Leave what is followed to the next worker. The runs themselves go on."""
        leases.let_go(self.holder, list(self.followed))
        for followed in self.followed.values():
            self._leave(followed)
        self.followed.clear()

    # taking

    def _take(self) -> Told:
        told: Told = []
        if not self._host_called:  # who begins to work may have learnt another name of its host
            leases.call_host(self.holder)
            self._host_called = True
        # The database may have gone away in any turn before, with rows that say that this worker has a run.
        strays = leases.strays(self.holder, {*self.followed, *self.settling})
        for run in [*strays, *leases.adopt(self.holder, 100)]:
            logger.info("%s: going on with it", run)
            self._begin(run)
        for run in leases.claim(self.holder, self.room) if self.room else []:
            told += [announcements.of_state(run), *cards.of_state(run)]
            self._begin(run)
        return told

    def _begin(self, run: Run) -> None:
        followed = Followed(run)
        spool = followed.spool
        if run.state == State.RUNNING or (run.state == State.LOST and spool.path.exists()):
            self.followed[run.pk] = followed
        else:
            self._let_settle(run)
            return
        if run.state == State.RUNNING and spool.launcher() is None and _not_begun(run):
            try:
                followed.process = launching.launch(run, spool)
            except OSError as error:
                logger.exception("%s: its launcher could not be started", run)
                followed.trouble = error.strerror or str(error)

    # following

    def _commit(self) -> Told:
        """Store what has come, of all runs in one transaction, and the ends of those that have ended."""
        if not self.followed:
            return []
        served: list[tuple[Followed, News]] = []
        budget = WHOLE
        for followed in self.followed.values():
            if budget <= 0:
                break
            news = followed.news(PORTION)
            budget -= sum(len(chunk.output) for chunk in news.chunks)
            served.append((followed, news))
        told: Told = []
        if any(news.worth_storing for _, news in served):  # else nobody else's writing need wait
            with transaction.atomic():
                for followed, news in served:
                    followed.store(news, self.holder)
                ended = [followed.run.pk for followed, news in served if followed.run.card and "state" in news.values]
                if ended:
                    told += cards.ended(Run.objects.filter(pk__in=ended).select_related("service", "person"))
        self.more = len(served) < len(self.followed) or any(not news.whole for _, news in served)
        for followed, news in served:
            # Who was served goes to the end of the line; and stays in it when what follows is interrupted.
            self.followed[followed.run.pk] = self.followed.pop(followed.run.pk)
            if news.taken:
                logger.warning("%s: another worker has it now", followed.run)
                self._leave(self.followed.pop(followed.run.pk))
                continue
            told += followed.committed(news)
            if news.over:
                self._over(self.followed.pop(followed.run.pk))
        return told

    def _over(self, followed: Followed) -> None:
        self._leave(followed)
        self._freed = True
        self._let_settle(followed.run)

    def _leave(self, followed: Followed) -> None:
        followed.close()
        if followed.process is not None:
            self._left.append(followed.process)

    # settling

    def _let_settle(self, run: Run) -> None:
        if run.settled:  # nothing was printed
            Spool(run.pk).remove()
        elif run.pk not in self.settling:
            self.settling.add(run.pk)
            self._settle(run)

    def settled(self, id: UUID) -> None:
        """Nothing is left of that run here. May be called from another thread."""
        self.settling.discard(id)

    def unsettled(self, id: UUID) -> None:
        """That failed, on the thread that asks: whoever looks next, this worker too, tries again."""
        try:
            leases.let_go(self.holder, [id])
        finally:
            self.settling.discard(id)
