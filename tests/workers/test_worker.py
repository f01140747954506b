"""A worker's life with real processes and a real Redis: start, heartbeats, messages, failures, outages, stop."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
import redis

from tests.conftest import wait_for

ROOT = Path(__file__).resolve().parents[2]


class Rig:
    """A Redis for one test, and workers on it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sb-w-"))
        self.socket = self.folder / "redis.sock"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.start_redis()

    def start_redis(self) -> None:
        program = shutil.which("redis-server") or shutil.which("valkey-server") or "redis-server"
        command = [program, "--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        self.server = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=self.folder)
        self.redis = redis.Redis(unix_socket_path=str(self.socket), decode_responses=True)
        wait_for(self.answers)

    def answers(self) -> bool:
        try:
            return bool(self.redis.ping())
        except redis.ConnectionError:
            return False

    def kill_redis(self) -> None:
        self.server.kill()
        self.server.wait()
        self.socket.unlink(missing_ok=True)

    def work(self, *channels: str, **more: str) -> subprocess.Popen[bytes]:
        environment = (
            os.environ
            | more
            | {
                "REDIS_URL": f"unix://{self.socket}",
                "DJANGO_SETTINGS_MODULE": "tests.workers.settings",
            }
        )
        with (self.folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "manage.py", "runworker", *channels], cwd=ROOT, env=environment, stderr=log, stdout=log
            )
        self.workers.append(worker)
        return worker

    def log(self) -> str:
        return (self.folder / "worker.log").read_text()

    def send(self, channel: str, *probes: str) -> None:
        for probe in probes:
            self.raw(channel, {"type": "doctor.probe", "probe": probe})

    def raw(self, channel: str, message: Any) -> None:
        data = message if isinstance(message, bytes) else os.urandom(12) + msgpack.packb(message)
        raw = redis.Redis(unix_socket_path=str(self.socket))
        raw.zadd(f"signalbox:{channel}", {data: time.time()})
        raw.close()

    def noted(self) -> list[str]:
        return [str(text) for text in self.redis.lrange("noted", 0, -1)]

    def left(self, channel: str) -> int:
        return int(self.redis.zcard(f"signalbox:{channel}"))

    def beats(self) -> list[dict[str, Any]]:
        keys = list(self.redis.scan_iter("signalbox:heartbeat:*"))
        return [json.loads(text) for text in self.redis.mget(keys) if text] if keys else []

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.redis.close()
        self.server.kill()
        self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


def test_a_stopped_worker_finishes_what_it_holds_and_leaves_the_rest(rig: Rig) -> None:
    rig.send("one-by-one", *(f"slow {n}" for n in range(5)))
    worker = rig.work("one-by-one")
    wait_for(lambda: "began slow 0" in rig.noted())
    worker.send_signal(signal.SIGTERM)
    wait_for(lambda: "finishing the items in hand" in rig.log())
    rig.redis.set("go", 1)
    assert worker.wait(40) == 0
    done = [text for text in rig.noted() if not text.startswith("began")]
    assert done == ["slow 0"]
    assert rig.left("one-by-one") == 4


def test_an_idle_worker_stops_at_once(rig: Rig) -> None:
    worker = rig.work("batches", BLOCKING="60")
    wait_for(rig.beats)
    wait_for(lambda: rig.redis.info("clients")["blocked_clients"])
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(40) == 0
    assert rig.beats() == []


def test_the_work_of_a_consumer_besides_messages_ends_with_the_worker(rig: Rig) -> None:
    worker = rig.work("living")
    wait_for(lambda: "lives" in rig.noted())
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(40) == 0
    assert rig.noted() == ["lives", "ends"]
    assert rig.work("living", "--burst").wait(40) == 0
    assert rig.noted() == ["lives", "ends"] * 2


def test_a_worker_whose_consumer_cannot_live_ends_with_an_error(rig: Rig) -> None:
    assert rig.work("dying").wait(40) == 1
    assert "ValueError: no life" in rig.log()


def test_one_poisoned_item_is_set_aside_and_the_others_are_done(rig: Rig) -> None:
    rig.send("batches", "a", "poison", "b", "c")
    rig.work("batches")
    wait_for(lambda: "set aside poison" in rig.noted())
    wait_for(lambda: {"a", "b", "c"} <= set(rig.noted()))
    rig.send("batches", "d")
    wait_for(lambda: "d" in rig.noted())
    assert [rig.noted().count(text) for text in "abcd"] == [1, 1, 1, 1]
    stored = json.loads(rig.redis.lindex("signalbox:set-aside:batches", 0))  # type: ignore[arg-type]
    assert stored["type"] == "doctor.probe"
    assert "poison" in stored["error"]
    wait_for(lambda: rig.beats()[0]["set_aside"] == 1)


@pytest.mark.parametrize("poison", ["missing file", "too slow"])
def test_an_items_own_trouble_is_not_taken_for_an_outage(rig: Rig, poison: str) -> None:
    """A missing file raises OSError, and a slow statement raises OperationalError."""
    rig.send("batches", "a", poison, "b")
    rig.work("batches")
    wait_for(lambda: f"set aside {poison}" in rig.noted())
    wait_for(lambda: {"a", "b"} <= set(rig.noted()))


def test_messages_that_nobody_can_read_are_counted_and_passed_over(rig: Rig) -> None:
    rig.raw("chat", b"\xc1 not msgpack")
    rig.raw("chat", {"no": "type"})
    rig.raw("chat", {1: 2, "type": "chat.batch"})
    rig.raw("chat", {"type": "chat.batch", "process": "x", "items": [[1, ["dance", 1, 1, "", "", 0]], "?"]})
    rig.raw("chat", ["a list"])
    rig.raw("batches", b"")
    rig.send("batches", "after")
    environment = os.environ | {"REDIS_URL": f"unix://{rig.socket}"}
    command = [sys.executable, "manage.py", "runworker", "--burst", "chat"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=60, text=True)
    assert done.returncode == 0
    assert done.stderr.count("unreadable message") == 5
    rig.work("batches")
    wait_for(lambda: "after" in rig.noted())


def test_nothing_is_given_up_while_the_database_is_away(rig: Rig) -> None:
    rig.send("batches", "database away", "b")
    rig.work("batches")
    wait_for(lambda: "b" in rig.noted())
    assert rig.noted().count("tried the database") == 4
    assert not [text for text in rig.noted() if text.startswith("set aside")]


def test_nothing_is_given_up_while_the_disk_is_full(rig: Rig) -> None:
    """The database answers meanwhile, but no item is to blame."""
    rig.send("batches", "disk full", "b")
    rig.work("batches")
    wait_for(lambda: "b" in rig.noted())
    assert rig.noted().count("tried to store") == 20
    assert not [text for text in rig.noted() if text.startswith("set aside")]


def test_a_worker_outlives_redis(rig: Rig) -> None:
    worker = rig.work("batches")
    wait_for(rig.beats)
    rig.kill_redis()
    wait_for(lambda: "Redis is away" in rig.log())
    rig.start_redis()
    rig.send("batches", "after the restart")
    wait_for(lambda: "after the restart" in rig.noted())
    assert worker.poll() is None


def test_a_worker_starts_without_redis_and_waits_for_it(rig: Rig) -> None:
    rig.kill_redis()
    worker = rig.work("batches")
    wait_for(lambda: "Redis is away" in rig.log())
    rig.start_redis()
    rig.send("batches", "first")
    wait_for(lambda: "first" in rig.noted())
    assert worker.poll() is None


def test_an_idle_worker_lives_on(rig: Rig) -> None:
    worker = rig.work("batches")
    wait_for(rig.beats)
    began = rig.beats()[0]["at"]
    wait_for(lambda: rig.beats()[0]["at"] > began + 11, seconds=30, what="eleven idle seconds")
    rig.send("batches", "awake")
    wait_for(lambda: "awake" in rig.noted())
    assert worker.poll() is None
    assert rig.beats()[0]["failed"] == 0


def test_an_ordinary_consumer_works_and_loses_nothing_when_it_is_stopped(rig: Rig) -> None:
    rig.send("tutorial", *(str(n) for n in range(40)))
    worker = rig.work("tutorial")
    wait_for(lambda: len(rig.noted()) > 3)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(40) == 0
    assert rig.noted() == [str(n) for n in range(len(rig.noted()))]
    assert len(rig.noted()) + rig.left("tutorial") == 40


def test_an_ordinary_consumer_that_raises_goes_on_with_the_next_message(rig: Rig) -> None:
    rig.send("tutorial", "a", "poison", "b")
    rig.work("tutorial")
    wait_for(lambda: rig.noted() == ["a", "b"])


def test_once_takes_one_batch_and_burst_all_that_waits(rig: Rig) -> None:
    rig.send("batches", *(str(n) for n in range(25)))
    assert rig.work("batches", "--once").wait(40) == 0
    assert len(rig.noted()) == 10
    assert rig.work("batches", "--burst").wait(40) == 0
    assert len(rig.noted()) == 25


def test_an_unknown_channel_is_an_error_that_names_the_known_ones(rig: Rig) -> None:
    assert rig.work("chta").wait(40) == 1
    assert "'chta'" in rig.log()
    assert "batches, dying, living, one-by-one, tutorial" in rig.log()
