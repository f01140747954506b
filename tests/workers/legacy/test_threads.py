"""The threads of a worker of Channels 1.x code: turns run at once, one after the other on few threads, and end."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from consumers.workers.legacy.threads import TurnThreads

SECONDS = 10.0


def turns(count: int) -> list[Any]:
    return [SimpleNamespace(turn=SimpleNamespace(channel=f"c{number}")) for number in range(count)]


def own_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("turn_")]


def ended(threads: TurnThreads) -> bool:
    own = own_threads()
    threads.end()
    for thread in own:
        thread.join(SECONDS)
    return not any(thread.is_alive() for thread in own)


def test_turns_run_at_once_on_threads_of_their_own() -> None:
    together = threading.Barrier(3)  # only three turns at once pass it

    def run(_: Any) -> None:
        together.wait(SECONDS)

    threads = TurnThreads(run)
    for number, turn in enumerate(turns(2), 1):
        threads.put(turn, number)
    together.wait(SECONDS)
    assert ended(threads)


def test_a_thread_runs_turn_after_turn_also_after_one_that_failed(caplog: pytest.LogCaptureFixture) -> None:
    done: list[tuple[str, int]] = []
    free = threading.Semaphore(0)

    def run(running: Any) -> None:
        done.append((running.turn.channel, threading.get_ident()))
        free.release()
        if running.turn.channel == "c1":
            raise SystemExit

    threads = TurnThreads(run)
    for turn in turns(3):
        threads.put(turn, 1)
        assert free.acquire(timeout=SECONDS)
    assert ended(threads)
    assert [channel for channel, _ in done] == ["c0", "c1", "c2"]
    assert len({thread for _, thread in done}) == 1
    assert "channel c1: a thread cannot end its turn" in caplog.text


def test_threads_that_code_starts_on_them_are_no_daemons() -> None:
    daemons: list[bool] = []
    threads = TurnThreads(lambda _: daemons.append(threading.Thread().daemon))
    threads.put(turns(1)[0], 1)
    assert ended(threads)
    assert daemons == [False]
