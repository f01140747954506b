"""The run worker: runs queued commands and stores their output. Runs outlive their worker."""

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

FAILED_TURN_PAUSE_SECONDS = 1.0
RELEASE_TIMEOUT_SECONDS = 0.7  # after it, the next worker finds that this process has ended


class RunsWorker(WorkerConsumer):
    """Takes turns: claim, follow and commit runs. Messages only wake it; it polls the database every few seconds."""

    reads = (RunsWake, RunsCancel)
    max_messages = 100  # one poll answers them all

    def __init__(self) -> None:
        super().__init__()
        self._poll_due = asyncio.Event()
        self._has_slot = asyncio.Event()
        self._stopping = asyncio.Event()
        # Two threads, each with one database connection: archiving takes seconds, and following must not wait for it.
        self._following = ThreadPoolExecutor(1, thread_name_prefix="following")
        self._cleanup = ThreadPoolExecutor(1, thread_name_prefix="cleanup")
        self._runner = Runner(settings.RUNS_AT_ONCE, self._clean_up)

    async def handle(self, items: Sequence[RunsWake | RunsCancel]) -> None:
        """Poll at once. A worker without a free slot takes no further messages: they are for other workers."""
        self._poll_due.set()
        waiting = [asyncio.ensure_future(event.wait()) for event in (self._has_slot, self._stopping)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for one in waiting:
            one.cancel()

    async def live(self, stopping: asyncio.Event) -> None:
        """Take turns until the worker stops; then release all runs."""
        stopped = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                await self._turn()
                if self._runner.pause:
                    poll_due = asyncio.ensure_future(self._poll_due.wait())
                    await asyncio.wait({poll_due, stopped}, timeout=self._runner.pause, return_when="FIRST_COMPLETED")
                    poll_due.cancel()
        finally:
            stopped.cancel()
            self._stopping.set()
            await self._release()

    async def _turn(self) -> None:
        poll = self._poll_due.is_set()
        self._poll_due.clear()
        try:
            messages = await self._on(self._following, lambda: self._runner.turn(poll=poll))
        except Exception:  # of any kind: uncommitted output is read again
            logger.exception("a turn failed; trying again in %g s", FAILED_TURN_PAUSE_SECONDS)
            await self._on(self._following, connections.close_all)
            self._poll_due.set()
            await asyncio.sleep(FAILED_TURN_PAUSE_SECONDS)
            return
        if self._runner.free_slots:
            self._has_slot.set()
        else:
            self._has_slot.clear()
        if messages:
            await apublish(messages)
        if poll and not self._runner.free_slots:  # this worker took the message; other runs are for other workers
            await awake(RunsWake())

    async def _release(self) -> None:
        self._cleanup.shutdown(wait=False, cancel_futures=True)
        try:
            await asyncio.wait_for(self._on(self._following, self._runner.release), RELEASE_TIMEOUT_SECONDS)
        except Exception as error:  # the leases will expire, or the next worker finds that this process has ended
            logger.warning("could not release the runs: %r", error)

    async def _on(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(thread, _with_connection, work)

    def _clean_up(self, run: Run) -> None:
        """Archive the run's output on the cleanup thread. Called on the following thread."""
        self._cleanup.submit(_with_connection, lambda: self._clean_up_now(run.pk))

    def _clean_up_now(self, id: UUID) -> None:
        try:
            cleanup.clean_up(id)
        except Exception:
            logger.exception("could not archive the output of run %s; trying again later", id)
            self._runner.cleanup_failed(id)
        else:
            self._runner.cleaned_up(id)


def _with_connection(work: Callable[[], T]) -> T:
    close_old_connections()
    return work()
