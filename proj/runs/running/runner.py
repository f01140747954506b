"""All the runs that one worker holds: claims, launches, follows and ends them, and has their output archived.

Synchronous: the runner lives in one thread, with one database connection, and works in short turns. Each turn returns
announcements for the caller to publish: their changes are committed.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from proj.layer.messages import GroupMessage
from proj.monotonic import NEVER
from proj.outages import is_outage
from proj.runs.models import Run
from proj.runs.publishing import announcements, cards
from proj.runs.running import launching, leases, processes
from proj.runs.running.follower import RunFollower
from proj.runs.running.launching import Process
from proj.runs.running.leases import Holder
from proj.runs.running.spool import Spool
from proj.runs.states import State

logger = logging.getLogger(__name__)

CLAIM_PERIOD_SECONDS = 5.0  # between two polls for runs that no message announced
CANCEL_PERIOD_SECONDS = 1.0  # between two polls for cancel requests
TURN_PERIOD_SECONDS = 0.1  # between two commits while there is a run
FIRST_OUTPUT_PERIOD_SECONDS = 0.02  # instead, while a run has just begun and printed nothing: a person waits for that
REST_PER_TURN = 2.0  # a worker with a backlog rests so many times as long as its turn took
RUN_READ_BYTES = 128 * 1024  # of one run, for a commit
COMMIT_BYTES = 2 * 1024 * 1024  # of all runs
MAX_ADOPTIONS = 100  # in one turn
RELAUNCH_WINDOW = timedelta(minutes=1)  # after the claim


class Interval:
    """A timer that is due once in so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._next = NEVER

    def due(self) -> bool:
        """Return True once in so many seconds."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self.seconds
        return True


def _may_launch(run: Run) -> bool:
    """Return whether a run without a launcher can be launched: its worker claimed it a moment ago and may have died.

    Later, or after a reboot, or from a restored backup, the run may have begun already, and must not begin again.
    """
    claimed = run.claimed_at
    return run.boot == processes.boot() and claimed is not None and timezone.now() - claimed < RELAUNCH_WINDOW


class Runner:
    """A worker's runs, at most `max_runs` of them launched by itself. `clean_up` is called with each run that ended."""

    def __init__(self, max_runs: int, clean_up: Callable[[Run], None]) -> None:
        self.max_runs = max_runs
        self.holder = Holder.this()
        self.followers: dict[UUID, RunFollower] = {}
        self.cleaning_up: set[UUID] = set()
        self.backlog = False  # whether the last turn left output unread
        self._clean_up = clean_up
        self._turn_seconds = 0.0  # the last turn's
        self._claims = Interval(CLAIM_PERIOD_SECONDS)
        self._cancels = Interval(CANCEL_PERIOD_SECONDS)
        self._renewals = Interval(leases.RENEWAL_PERIOD_SECONDS)
        self._host_renamed = False
        self._slot_freed = False  # whether a run has ended, so that another one can begin
        self._detached: list[Process] = []  # launchers, children of this process, of runs that it no longer follows

    @property
    def free_slots(self) -> int:
        """How many more runs this worker can launch."""
        return max(0, self.max_runs - len(self.followers))

    @property
    def pause(self) -> float:
        """Seconds until the next turn is due, unless a message arrives before."""
        if self._slot_freed:
            return 0.0
        if self.backlog:  # the disk and the processor are the chat's too, and no person reads that fast
            return min(TURN_PERIOD_SECONDS, REST_PER_TURN * self._turn_seconds)
        if any(follower.expects_first_output for follower in self.followers.values()):
            return FIRST_OUTPUT_PERIOD_SECONDS
        return TURN_PERIOD_SECONDS if self.followers or self._detached else CLAIM_PERIOD_SECONDS

    def turn(self, *, poll: bool) -> list[GroupMessage]:
        """Do the work that is due; `poll`: look for runs to claim and to cancel now."""
        begun = time.monotonic()
        found: list[GroupMessage] = []
        if (self.followers or self.cleaning_up) and self._renewals.due():
            leases.renew(self.holder)
        if self._claims.due() or poll or self._slot_freed:
            self._slot_freed = False
            found += self._take()
        if (self.followers and self._cancels.due()) or poll:
            for id in leases.cancel_requests(self.holder.host):
                Spool(id).cancel()
        found += self._commit()
        self._detached = [process for process in self._detached if process.poll() is None]
        self._turn_seconds = time.monotonic() - begun
        return found

    def release(self) -> None:
        """Leave the followed runs to the next worker. Their commands go on."""
        leases.release(self.holder, list(self.followers))
        for follower in self.followers.values():
            self._detach(follower)
        self.followers.clear()

    # taking runs

    def _take(self) -> list[GroupMessage]:
        found: list[GroupMessage] = []
        if not self._host_renamed:  # the host may have another name than when the runs of this boot began
            leases.rename_host(self.holder)
            self._host_renamed = True
        # An earlier turn may have lost the database after rows were written that give a run to this worker.
        strays = leases.strays(self.holder, {*self.followers, *self.cleaning_up})
        for run in [*strays, *leases.adopt(self.holder, MAX_ADOPTIONS)]:
            logger.info("%s: adopted", run)
            self._follow(run)
        for run in leases.claim(self.holder, self.free_slots) if self.free_slots else []:
            found += [announcements.of_state(run), *cards.of_state(run)]
            self._follow(run)
        return found

    def _follow(self, run: Run) -> None:
        follower = RunFollower(run)
        spool = follower.spool
        if run.state != State.RUNNING and not (run.state == State.LOST and spool.path.exists()):
            self._start_cleanup(run)
            return
        self.followers[run.pk] = follower
        if run.state == State.RUNNING and spool.launcher() is None and _may_launch(run):
            try:
                follower.process = launching.launch(run, spool)
            except OSError as error:
                if is_outage(error):
                    logger.warning("%s: could not start its launcher; trying again: %s", run, error)
                    del self.followers[run.pk]
                    leases.postpone(self.holder, run)
                    return
                logger.exception("%s: could not start its launcher", run)
                follower.launch_error = error.strerror or str(error)

    # following runs

    def _commit(self) -> list[GroupMessage]:
        """Store the changes of all runs in one transaction, the ends of those that have ended included."""
        served = self._read()
        found: list[GroupMessage] = []
        if any(follower.changes.worth_storing for follower in served):  # else no other writer need wait
            with transaction.atomic():
                for follower in served:
                    follower.store(self.holder)
                found += self._ends(served)
        self.backlog = len(served) < len(self.followers) or any(not one.changes.drained for one in served)
        for follower in served:
            # A served run goes to the end of the queue; and stays in it when an error interrupts the rest.
            self.followers[follower.run.pk] = self.followers.pop(follower.run.pk)
            if follower.changes.refused:
                logger.warning("%s: another worker holds it now", follower.run)
                self._detach(self.followers.pop(follower.run.pk))
                continue
            found += follower.announce()
            if follower.changes.final:
                self._finish(self.followers.pop(follower.run.pk))
        return found

    def _read(self) -> list[RunFollower]:
        """Read the output of as many runs as a commit has room for; return these."""
        served: list[RunFollower] = []
        budget = COMMIT_BYTES
        for follower in self.followers.values():
            if budget <= 0:
                break
            budget -= follower.read(RUN_READ_BYTES).size
            served.append(follower)
        return served

    def _ends(self, served: list[RunFollower]) -> list[GroupMessage]:
        ids = [follower.run.pk for follower in served if "state" in follower.changes.fields]
        return cards.ended(Run.objects.filter(pk__in=ids).select_related("service", "person")) if ids else []

    def _finish(self, follower: RunFollower) -> None:
        self._detach(follower)
        self._slot_freed = True
        self._start_cleanup(follower.run)

    def _detach(self, follower: RunFollower) -> None:
        follower.close()
        if follower.process is not None:
            self._detached.append(follower.process)

    # cleaning up

    def _start_cleanup(self, run: Run) -> None:
        if run.settled:  # the run printed nothing
            Spool(run.pk).remove()
        elif run.pk not in self.cleaning_up:
            self.cleaning_up.add(run.pk)
            self._clean_up(run)

    def cleaned_up(self, id: UUID) -> None:
        """Forget the run, which is archived. May be called from another thread."""
        self.cleaning_up.discard(id)

    def cleanup_failed(self, id: UUID) -> None:
        """Release the run on the calling thread, so that a later poll of any worker tries again."""
        try:
            leases.release(self.holder, [id])
        finally:
            self.cleaning_up.discard(id)
