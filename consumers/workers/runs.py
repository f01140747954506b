"""The run worker: what is queued is run, and its output stored, while workers come and go."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections, connections

from consumers.workers.base import WorkerConsumer
from proj.layer.messages import RunsCancel, RunsWake
from proj.layer.publish import apublish, awake
from proj.runs.models import Run
from proj.runs.running import cleanup
from proj.runs.running.runner import Runner

logger = logging.getLogger(__name__)

T = TypeVar("T")

AFTER_TROUBLE = 1.0  # seconds until the next turn when one has failed
LAST = 0.7  # seconds for letting go; whoever comes next sees that this process is gone


class RunsWorker(WorkerConsumer):
    """Messages only wake it: what there is to do is in the database, and it looks there anyway every few seconds."""

    reads = (RunsWake, RunsCancel)
    max_messages = 100  # one poll answers them all

    def __init__(self) -> None:
        super().__init__()
        self._wanted = asyncio.Event()
        self._room = asyncio.Event()
        self._stopping = asyncio.Event()
        # Two threads, each with one database connection: archiving takes seconds, following must not wait for it.
        self._following = ThreadPoolExecutor(1, thread_name_prefix="following")
        self._cleanup = ThreadPoolExecutor(1, thread_name_prefix="cleanup")
        self._runner = Runner(settings.RUNS_AT_ONCE, self._clean_up)

    async def handle(self, items: Sequence[RunsWake | RunsCancel]) -> None:
        """Look at once. A worker that has no room takes no further messages: they are for its neighbours."""
        self._wanted.set()
        waiting = [asyncio.ensure_future(event.wait()) for event in (self._room, self._stopping)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for one in waiting:
            one.cancel()

    async def live(self, stopping: asyncio.Event) -> None:
        """Turn after turn, until told to stop; then let go of all runs."""
        stopped = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                await self._turn()
                if self._runner.pause:
                    wanted = asyncio.ensure_future(self._wanted.wait())
                    await asyncio.wait({wanted, stopped}, timeout=self._runner.pause, return_when="FIRST_COMPLETED")
                    wanted.cancel()
        finally:
            stopped.cancel()
            self._stopping.set()
            await self._let_go()

    async def _turn(self) -> None:
        poll = self._wanted.is_set()
        self._wanted.clear()
        try:
            told = await self._on(self._following, lambda: self._runner.turn(poll=poll))
        except Exception:  # whatever it is, what is not committed is read again
            logger.exception("a turn that failed; trying again")
            await self._on(self._following, connections.close_all)
            self._wanted.set()
            await asyncio.sleep(AFTER_TROUBLE)
            return
        if self._runner.free_slots:
            self._room.set()
        else:
            self._room.clear()
        if told:
            await apublish(told)
        if poll and not self._runner.free_slots:  # what is left may be for a neighbour, who has not heard of it
            await awake(RunsWake())

    async def _let_go(self) -> None:
        self._cleanup.shutdown(wait=False, cancel_futures=True)
        try:
            await asyncio.wait_for(self._on(self._following, self._runner.release), LAST)
        except Exception as error:  # the database is away: the leases will end, or this process will be seen to be gone
            logger.warning("could not let go of the runs: %r", error)

    async def _on(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(thread, _with_connection, work)

    def _clean_up(self, run: Run) -> None:
        """Called on the following thread: archive that run's output on the other one."""
        self._cleanup.submit(_with_connection, lambda: self._clean_up_now(run.pk))

    def _clean_up_now(self, id: UUID) -> None:
        try:
            cleanup.clean_up(id)
        except Exception:
            logger.exception("run %s: its output could not be archived; trying again later", id)
            self._runner.cleanup_failed(id)
        else:
            self._runner.cleaned_up(id)


def _with_connection(work: Callable[[], T]) -> T:
    close_old_connections()
    return work()
