"""What the chat worker makes of a batch, and what it measures."""

import time
from collections.abc import Sequence
from typing import Any

import pytest

from consumers.workers import chat
from consumers.workers.chat import ChatWorker
from proj.layer import messages
from proj.metrics.definitions import REGISTRY
from proj.rooms.log import writing
from proj.rooms.log.commands import Command, Outcome, Refusal, Repeated, Written

POST = ["post", 1, 1, "6f1d0f3c-6f6b-4b6e-9a63-5d7c1f0f6a11", "hi", 0]


def batch(*received: float, **more: Any) -> dict[str, Any]:
    return {"type": "chat.batch", "process": "p", "items": [[1, POST], [2, POST]], "received": list(received)} | more


def test_commands_know_when_they_were_received() -> None:
    said = ChatWorker().unpacked(messages.checked(batch(5.0, 6.5)))
    assert [(one.socket, one.received) for one in said] == [(1, 5.0), (2, 6.5)]


def test_an_interface_process_that_does_not_say_when_is_understood() -> None:
    older = batch()
    del older["received"]
    assert [one.received for one in ChatWorker().unpacked(older)] == [0.0, 0.0]


@pytest.mark.parametrize("received", [[5.0], [5.0, "?"], [5.0, 6.0, 7.0], 3])
def test_times_that_do_not_fit_make_a_message_unreadable(received: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        ChatWorker().unpacked(batch(received=received))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was published; the first time Redis does not take it."""
    told: list[Any] = []

    async def apublish(pairs: Sequence[Any]) -> bool:
        told.extend(messages.checked(message) for _, message in pairs)
        return len(told) > len(pairs)

    monkeypatch.setattr(chat, "apublish", apublish)
    return told


def counted() -> dict[str, float]:
    return {
        f"{sample.name}{sample.labels.get('code', '')}": sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if "le" not in sample.labels
    }


async def test_frames_carry_when_the_oldest_of_their_room_was_received(
    told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes: list[Outcome] = [
        Written(1, 1, "a"),
        Written(2, 1, "b"),
        Written(1, 2, "c"),
        Repeated(1, 1),
        Refusal("not_yours", "no"),
    ]
    monkeypatch.setattr(writing, "write", lambda commands: outcomes[: len(commands)])
    now = time.time()
    command = Command.unpacked(POST)
    items = [chat.Said(command, "p", 1, now - age) for age in (1.0, 2.0, 3.0, 9.0, 9.0)]
    before = counted()
    await ChatWorker().handle(items)
    after = counted()

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0.0)

    times = {message["room"]: message["times"] for message in told if message["type"] == "room.frames"}
    assert times[1] == [now - 3.0, pytest.approx(now, abs=1)]
    assert times[2] == [now - 2.0, times[1][1]]
    assert grown("signalbox_receive_to_commit_seconds_count") == 3
    assert grown("signalbox_receive_to_commit_seconds_sum") == pytest.approx(6.0, abs=1)
    assert grown("signalbox_refusals_totalnot_yours") == 1
    assert grown("signalbox_unpublished_messages_total") == len(told) == 3
    await ChatWorker().handle([chat.Said(command, "p", 1)])
    assert told[-1]["times"][0] == 0.0
    assert counted()["signalbox_receive_to_commit_seconds_count"] == after["signalbox_receive_to_commit_seconds_count"]
    assert counted()["signalbox_unpublished_messages_total"] == after["signalbox_unpublished_messages_total"]
