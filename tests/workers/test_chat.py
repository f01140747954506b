"""The chat worker: reading a batch of commands, publishing their outcomes, measuring both."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from consumers.workers import chat
from consumers.workers.chat import ChatWorker
from proj.layer.messages import ChatBatch, GroupMessage, RoomFrames, decoder, encoded
from proj.metrics.definitions import REGISTRY
from proj.rooms.log import writing
from proj.rooms.log.commands import Command, Outcome, Refusal, Repeated, Written

POST = ["post", 1, 1, "6f1d0f3c-6f6b-4b6e-9a63-5d7c1f0f6a11", "hi", 0]


def packed(command: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(command))


def batch(*received: float, commands: Sequence[object] = (POST, POST)) -> ChatBatch:
    items = [(number, packed(command)) for number, command in enumerate(commands, 1)]
    return ChatBatch(process="p", items=items, received=list(received))


def test_commands_carry_their_time_of_arrival() -> None:
    requests = ChatWorker().unpacked(batch(5.0, 6.5))
    assert [(request.socket, request.received) for request in requests] == [(1, 5.0), (2, 6.5)]
    assert requests[0].command == Command("post", 1, 1, POST[3], "hi")  # type: ignore[arg-type]


def test_an_older_interface_process_that_sends_no_times_is_understood() -> None:
    assert [request.received for request in ChatWorker().unpacked(batch())] == [0.0, 0.0]


@pytest.mark.parametrize("received", [[5.0], [5.0, 6.0, 7.0]])
def test_times_that_do_not_fit_make_a_message_unreadable(received: list[float]) -> None:
    with pytest.raises(ValueError, match="zip"):
        ChatWorker().unpacked(batch(*received))


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ([*POST, {"urgent": True}], "hi"),  # a newer process appended a field
        (POST[:5], "hi"),
        (POST[:4], ""),
    ],
)
def test_commands_of_other_versions_are_read(command: list[object], text: str) -> None:
    (request,) = ChatWorker().unpacked(batch(commands=[command]))
    assert (request.command.text, request.command.target) == (text, 0)


@pytest.mark.parametrize(
    "command", [["dance", *POST[1:]], ["post", "1", *POST[2:]], POST[:3], [], {"verb": "post"}, "post", None]
)
def test_a_command_that_cannot_be_read_does_not_cost_its_neighbours(
    command: object, caplog: pytest.LogCaptureFixture
) -> None:
    before = unreadable()
    requests = ChatWorker().unpacked(batch(5.0, 6.0, 7.0, commands=[POST, command, POST]))
    assert [(request.socket, request.received) for request in requests] == [(1, 5.0), (3, 7.0)]
    assert unreadable() == before + 1
    assert caplog.text.count("cannot read a command") == 1


def unreadable() -> float:
    return REGISTRY.get_sample_value("signalbox_unreadable_messages_total", {"reader": "chat"}) or 0.0


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[GroupMessage]:
    """The published messages. Redis does not take the first batch."""
    published: list[GroupMessage] = []

    async def apublish(messages: Sequence[GroupMessage]) -> bool:
        assert all(decoder((type(message),)).decode(encoded(message)) == message for message in messages)
        published.extend(messages)
        return len(published) > len(messages)

    monkeypatch.setattr(chat, "apublish", apublish)
    return published


def counted() -> dict[str, float]:
    return {
        f"{sample.name}{sample.labels.get('code', '')}": sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if "le" not in sample.labels
    }


async def test_frames_carry_when_the_oldest_of_their_room_was_received(
    published: list[Any], monkeypatch: pytest.MonkeyPatch
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
    command = Command.unpacked(packed(POST))
    items = [chat.Request(command, "p", 1, now - age) for age in (1.0, 2.0, 3.0, 9.0, 9.0)]
    before = counted()
    await ChatWorker().handle(items)
    after = counted()

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0.0)

    times = {message.room: message.times for message in published if isinstance(message, RoomFrames)}
    assert times[1] == [now - 3.0, pytest.approx(now, abs=1)]
    assert times[2] == [now - 2.0, times[1][1]]
    assert grown("signalbox_receive_to_commit_seconds_count") == 3
    assert grown("signalbox_receive_to_commit_seconds_sum") == pytest.approx(6.0, abs=1)
    assert grown("signalbox_refusals_totalnot_yours") == 1
    assert grown("signalbox_unpublished_messages_total") == len(published) == 3
    await ChatWorker().handle([chat.Request(command, "p", 1)])
    assert published[-1].times[0] == 0.0
    assert counted()["signalbox_receive_to_commit_seconds_count"] == after["signalbox_receive_to_commit_seconds_count"]
    assert counted()["signalbox_unpublished_messages_total"] == after["signalbox_unpublished_messages_total"]
