"""The threads that run turns. A pool of concurrent.futures would be a sixth of a worker's CPU, for unread results."""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

from consumers.workers.legacy.turn import RunningTurn

logger = logging.getLogger(__name__)


class TurnThreads:
    """Calls `run` with each turn, on a thread that has no other one. Threads are started when they are first needed.

    They are no daemons, and neither are the threads that a team's code starts on them: the process waits for those.
    """

    def __init__(self, run: Callable[[RunningTurn], None]) -> None:
        self._run = run
        self._turns: SimpleQueue[RunningTurn | None] = SimpleQueue()
        self._threads = 0

    def put(self, running: RunningTurn, at_once: int) -> None:
        """Run a turn. `at_once` is the number of turns that run now, this one included."""
        self._turns.put(running)
        if self._threads < at_once:
            self._threads += 1
            threading.Thread(target=self._work, name=f"turn_{self._threads}").start()

    def end(self) -> None:
        """End the threads, each after its turn."""
        for _ in range(self._threads):
            self._turns.put(None)

    def _work(self) -> None:
        while (running := self._turns.get()) is not None:
            try:
                self._run(running)
            except BaseException:  # the thread goes on: another turn may count on it
                logger.exception("channel %s: a thread cannot end its turn", running.turn.channel)
