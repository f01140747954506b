"""The doctor's checks of Channels 1.x code, with real heartbeats and turns in Redis."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proj.env import worker_groups
from proj.health import channels1
from proj.health.management.commands.doctor import lasting
from proj.health.report import CodeCheck, Finding, Observation, State, Walk, examine
from proj.health.steps import STEPS
from proj.layer import heartbeat
from proj.layer.heartbeat import Beat
from proj.layer.redis.turn_backlog import LostTurn, note_lost
from proj.layer.redis.turn_queue import TurnQueue
from proj.team_code import packages
from tests.team_code.conftest import Team

CHANNELS = ["thumbnails", "websocket.connect", "websocket.disconnect", "websocket.receive"]


@pytest.fixture
def routing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A routing of a team, with code that is in order."""
    settings.CHANNEL_ROUTING = "deck.routing.channel_routing"
    settings.CHANNEL_WORKERS = worker_groups("*:2:4")
    monkeypatch.setattr(channels1, "_check", lambda: CodeCheck(channels=CHANNELS))
    yield
    asyncio.run(forget())


async def forget() -> None:
    from channels.layers import get_channel_layer

    redis = get_channel_layer("work").connection(0)
    for pattern in ("signalbox:turns*", "signalbox:heartbeat:channels:*"):
        async for key in redis.scan_iter(match=pattern):
            await redis.delete(key)


def beat(*consumes: str, age: float = 0.0) -> None:
    now = time.time()
    asyncio.run(heartbeat.beat(Beat("channels", "here", 7, at=now - age, started=now, consumes=list(consumes))))


def only(found: Iterator[Observation]) -> Observation:
    (one,) = found
    return one


def test_without_a_routing_nothing_is_reported(settings: Any) -> None:
    settings.CHANNEL_ROUTING = ""
    steps = [step for step in STEPS if step.name.startswith("channels ")]
    assert len(steps) == 4
    assert list(examine([step for step in steps if not step.needs], Walk())) == []
    assert [*channels1.workers_take_all(Walk()), *channels1.turns_move(Walk())] == []


def test_workers_must_take_every_channel(routing: None, settings: Any) -> None:
    assert "no worker of Channels 1.x code runs" in only(channels1.workers_take_all(Walk())).saw
    beat(*CHANNELS, age=20)
    assert only(channels1.workers_take_all(Walk())).state is State.RED
    beat(*CHANNELS[1:])
    seen = only(channels1.workers_take_all(Walk()))
    assert (seen.state, seen.saw) == (State.RED, "no running worker takes the channels thumbnails")
    beat(*CHANNELS)
    assert only(channels1.workers_take_all(Walk())).state is State.GREEN
    settings.CHANNEL_WORKERS = worker_groups("websocket.*:2:4")
    seen = only(channels1.workers_take_all(Walk()))
    assert (seen.state, seen.saw) == (State.RED, "no program takes the channels thumbnails")
    assert "thumbnails:1:1" in seen.advice


def test_turns_that_wait_and_turns_that_were_lost_are_named(routing: None) -> None:
    from channels.layers import get_channel_layer

    def put(age: float) -> None:
        async def later() -> None:
            key = TurnQueue(get_channel_layer("work")).key("运维")
            await get_channel_layer("work").connection(0).zadd(key, {b"turn": time.time() - age})

        asyncio.run(later())

    assert only(channels1.turns_move(Walk())).saw == "0 turns wait, none was lost within the last hour"
    for age, state in ((0.5, State.GREEN), (5, State.YELLOW), (60, State.RED)):
        put(age)
        assert only(channels1.turns_move(Walk())).state is state
    assert "1 turns wait for a worker, the oldest for 60." in only(channels1.turns_move(Walk())).saw
    asyncio.run(forget())
    asyncio.run(note_lost([LostTurn("websocket.receive", "deck.consumers.receive", time.time() - 7200)]))
    assert only(channels1.turns_move(Walk())).state is State.GREEN
    asyncio.run(note_lost([LostTurn("websocket.receive", "deck.consumers.receive", time.time())]))
    seen = only(channels1.turns_move(Walk()))
    assert seen.state is State.YELLOW
    assert "died with 1 turns within the last hour, the last of deck.consumers.receive on websocket.rec" in seen.saw


def test_packages_are_compared_with_the_installed_ones(
    routing: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(channels1.packages_installed(Walk())) == []
    file, marker = tmp_path / "team.txt", tmp_path / "marker"
    settings.CHANNEL_REQUIREMENTS = str(file)
    monkeypatch.setattr(packages, "installed_packages", lambda: marker)
    assert f"{file} cannot be read: No such file" in only(channels1.packages_installed(Walk())).saw
    file.write_text("pillow\n")
    assert only(channels1.packages_installed(Walk())).state is State.RED
    marker.write_text(packages.wanted_sum(file, settings.BASE_DIR))
    assert only(channels1.packages_installed(Walk())).state is State.GREEN


def test_code_that_ends_its_process_or_hangs_does_not_end_the_doctor(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = Team(tmp_path)
    settings.CHANNEL_ROUTING = "deck.routing.channel_routing"
    for name, value in team.environment().items():
        monkeypatch.setenv(name, value)
    team.write("deck/consumers.py", "import os, sys\nprint('bye', file=sys.stderr)\nsys.stderr.flush()\nos._exit(3)\n")
    seen = only(channels1.code_runs(Walk()))
    assert (seen.state, seen.saw) == (State.RED, "the import of the code ended the process with status 3: bye")
    team.write("deck/consumers.py", "def connect(message)\n")
    assert (
        f"{team.folder}/deck/consumers.py, line 1: SyntaxError: expected ':'" in only(channels1.code_runs(Walk())).saw
    )
    with monkeypatch.context() as patch:
        patch.setattr(channels1, "CHECK_TIMEOUT_SECONDS", 0.01)
        assert "the code was not imported within 0.01 s" in only(channels1.code_runs(Walk())).saw


def test_a_waiting_doctor_ends_when_only_a_person_can_mend() -> None:
    def found(**states: State) -> list[Finding]:
        return [Finding(name.replace("_", " "), state, "", "", 0.0) for name, state in states.items()]

    red, green = State.RED, State.GREEN
    assert lasting(found(channels_code=red, channels_workers=red, page=green))
    assert not lasting(found(channels_code=red, page=red))
    assert not lasting(found(channels_code=red, page=State.UNSEEN))
    assert not lasting(found(channels_code=green, channels_workers=red))
