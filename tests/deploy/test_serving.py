"""deploy/serving.py: the moment when a restarted process serves, so that a roll goes on neither early nor late."""

import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from deploy.serving import serves
from proj.health.supervision import ProcessInfo
from proj.layer import heartbeat, loop
from proj.layer.heartbeat import Beat
from proj.runs.models import Lead

NOWHERE = Path("/nowhere")


def process(group: str, *, pid: int = 4711, lived: int = 1, state: str = "RUNNING") -> ProcessInfo:
    return {
        "group": group,
        "name": group,
        "statename": state,
        "description": "",
        "spawnerr": "",
        "pid": pid,
        "start": 1000,
        "now": 1000 + lived,
    }


@pytest.fixture
def beats() -> Iterator[list[Beat]]:
    """The heartbeats of two workers with the pids 1 and 2."""
    found = [Beat("chat", socket.gethostname(), pid, at=0.0, started=0.0) for pid in (1, 2)]
    for one in found:
        loop.run(heartbeat.beat(one), 5)
    yield found
    for one in found:
        loop.run(heartbeat.stop(one), 5)


@pytest.mark.usefixtures("beats")
def test_a_worker_serves_when_it_has_said_so_itself() -> None:
    assert serves(NOWHERE, process("worker-chat", pid=2))
    assert not serves(NOWHERE, process("worker-chat", pid=3)), "another worker's heartbeat counts"
    assert not serves(NOWHERE, process("worker-chat", pid=3, lived=60)), "it runs without a heartbeat"
    assert not serves(NOWHERE, process("worker-chat", pid=2, state="BACKOFF"))


def test_where_redis_is_away_a_worker_serves_when_it_has_lived_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> list[Beat]:
        raise ConnectionRefusedError

    monkeypatch.setattr(heartbeat, "beats", away)
    assert not serves(NOWHERE, process("worker-chat", lived=1))
    assert serves(NOWHERE, process("worker-chat", lived=4))


@pytest.mark.django_db(transaction=True)
def test_a_clock_serves_when_it_leads_or_another_hosts_clock_does(settings: Any) -> None:
    settings.HOST = "here"
    later = timezone.now() + timedelta(seconds=15)

    def clock(lived: int) -> bool:
        return serves(NOWHERE, process("clock", pid=os.getpid(), lived=lived))

    assert not clock(lived=60), "nobody leads"
    lead = Lead.objects.create(name="clock", holder=f"here:{os.getpid()}", until=later)
    assert clock(lived=1)
    Lead.objects.update(holder="here:1")
    assert not clock(lived=60), "the lead is its killed predecessor's"
    Lead.objects.update(holder="elsewhere:1")
    assert not clock(lived=1)
    assert clock(lived=4)
    lead.until = timezone.now() - timedelta(seconds=1)
    lead.save()
    assert not clock(lived=4)


def test_what_says_nothing_serves_when_it_has_lived_a_while() -> None:
    assert not serves(NOWHERE, process("nginx", lived=1))
    assert serves(NOWHERE, process("nginx", lived=4))
    assert not serves(NOWHERE, process("web", lived=60)), "it has no socket"
