"""The wire format of messages: processes of two versions read each other's during a rolling upgrade."""

from typing import Any

import msgpack
import msgspec
import pytest
from django.utils.safestring import mark_safe

from proj.layer import messages
from proj.layer.messages import (
    AccessChanged,
    ActivityUpdate,
    ChannelAct,
    ChannelMessage,
    ChatBatch,
    GroupMessage,
    InterfaceMessage,
    LayerMessage,
    OutputPiece,
    PeopleFrame,
    PersonFrame,
    RoomActivity,
    RoomFlash,
    RoomFrames,
    RoomPresence,
    RunOutput,
    RunsCancel,
    RunState,
    RunsWake,
    ServiceLine,
    SocketReplies,
    Turn,
    TurnAnswer,
    TurnAnswers,
    TurnClaims,
    TurnQuestion,
    decoder,
    encoded,
    packed,
)
from proj.layer.publish import publish
from proj.rooms.log.commands import Command

COMMAND = ["post", 1, 2, "6f1d0f3c-6f6b-4b6e-9a63-5d7c1f0f6a11", "hi", 0]
STATE = {"run": "6b2", "service": "web1", "number": 3, "progress": None, "parameters": {"n": 1}}

# Each message, and the map that a process of the version with plain dicts sends for it.
FORMATS: list[tuple[LayerMessage, dict[str, Any]]] = [
    (
        RoomFrames(room=1, frames=[(5, '{"a":1}'), (6, "{}")], times=[1.5, 2.0]),
        {"type": "room.frames", "room": 1, "frames": [[5, '{"a":1}'], [6, "{}"]], "times": [1.5, 2.0]},
    ),
    (RoomFrames(room=1, frames=[]), {"type": "room.frames", "room": 1, "frames": [], "times": []}),
    (RoomFlash(room=1, frame="{}"), {"type": "room.flash", "room": 1, "frame": "{}"}),
    (
        RoomPresence(room=1, process="p", here=["alice"], ask=True),
        {"type": "room.presence", "room": 1, "process": "p", "here": ["alice"], "ask": True},
    ),
    (
        ActivityUpdate(
            rooms=[
                RoomActivity(room=1, audience=None, messages=[(5, "alice", ["bob", "here"])], more=False),
                RoomActivity(room=2, audience=[7, 8], messages=[], more=True),
            ],
            read=[(7, 1, 5)],
        ),
        {
            "type": "rooms.news",
            "rooms": [[1, None, [[5, "alice", ["bob", "here"]]], False], [2, [7, 8], [], True]],
            "read": [[7, 1, 5]],
        },
    ),
    (SocketReplies(replies=[(3, "{}")]), {"type": "socket.replies", "replies": [[3, "{}"]]}),
    (AccessChanged(user=7), {"type": "access.changed", "user": 7}),
    (PersonFrame(user=7, frame="{}"), {"type": "person.frame", "user": 7, "frame": "{}"}),
    (PeopleFrame(users=[7, 8], frame="{}"), {"type": "people.frame", "users": [7, 8], "frame": "{}"}),
    (
        RunOutput(run="6b2", bytes=10, chunks=[OutputPiece(1, 0, 10, 1, "ten bytes\n")]),
        {"type": "run.output", "run": "6b2", "head": 1, "bytes": 10, "chunks": [[1, 0, 10, 1, "ten bytes\n"]]},
    ),
    (RunState(state=STATE), {"type": "run.state", "run": "6b2", "service": 4, "room": 0, "state": STATE}),
    (ServiceLine(service="web1", text="a line"), {"type": "service.line", "service": "web1", "text": "a line"}),
    (
        ChatBatch(
            process="p",
            items=[(3, Command("post", 1, 2, COMMAND[3], "hi").packed())],  # type: ignore[arg-type]
            received=[1.5],
        ),
        {"type": "chat.batch", "process": "p", "items": [[3, COMMAND]], "received": [1.5]},
    ),
    (
        Turn(channel="运维", contents=[packed({"a": b"1"})], process="p", socket=3, turn=9, session='{"n":1}'),
        {
            "type": "turns.turn",
            "channel": "运维",
            "contents": [{"a": b"1"}],
            "process": "p",
            "socket": 3,
            "turn": 9,
            "session": '{"n":1}',
        },
    ),
    (
        TurnAnswers(answers=[TurnAnswer([ChannelAct("add", "c", "g")], "p", 3, 9, 1, True, None, -1, "deck.receive")]),
        {
            "type": "turns.answers",
            "answers": [[[["add", "c", "g", {}]], "p", 3, 9, 1, True, None, -1, "deck.receive", False]],
            "process": "",
        },
    ),
    (TurnClaims(process="p", turns=[(3, 9)]), {"type": "turns.claims", "process": "p", "turns": [[3, 9]]}),
    (
        TurnQuestion("members", "g", "k"),
        {"type": "turns.question", "verb": "members", "name": "g", "answers": "k"},
    ),
    (RunsWake(), {"type": "runs.wake"}),
    (RunsCancel(run="6b2"), {"type": "runs.cancel", "run": "6b2"}),
]
# Fields of the plain dicts that no process read: receivers of either version do without them.
UNREAD = {"run.output": {"head"}, "run.state": {"run", "service", "room"}}
# Fields that were added since: receivers of the version before ignore them.
ADDED = {"socket.replies": {"process"}}


def ids(value: object) -> str:
    return type(value).__name__ if isinstance(value, LayerMessage) else ""


def read(message: LayerMessage, data: bytes) -> LayerMessage:
    """Read `data` as a receiver of messages such as `message` does."""
    if isinstance(message, GroupMessage):
        return msgspec.msgpack.decode(data, type=InterfaceMessage)  # type: ignore[no-any-return]
    return decoder((type(message),)).decode(data)


@pytest.mark.parametrize(("message", "plain"), FORMATS, ids=ids)
def test_a_receiver_of_plain_dicts_understands_what_is_sent_now(message: LayerMessage, plain: dict[str, Any]) -> None:
    sent = msgpack.unpackb(encoded(message))
    unread, added = UNREAD.get(plain["type"], set()), ADDED.get(plain["type"], set())
    assert {name: sent[name] for name in sent if name not in added} == {
        name: plain[name] for name in plain if name not in unread
    }


@pytest.mark.parametrize(("message", "plain"), FORMATS, ids=ids)
def test_a_receiver_of_now_understands_plain_dicts(message: LayerMessage, plain: dict[str, Any]) -> None:
    assert read(message, msgpack.packb(plain)) == message


@pytest.mark.parametrize(("message", "plain"), FORMATS, ids=ids)
def test_fields_that_a_newer_process_added_are_ignored(message: LayerMessage, plain: dict[str, Any]) -> None:
    assert read(message, msgpack.packb({**plain, "more": {"of": [1, None]}})) == message


@pytest.mark.parametrize("message", [message for message, _ in FORMATS], ids=ids)
def test_a_message_reads_as_it_was_sent(message: LayerMessage) -> None:
    assert read(message, encoded(message)) == message


def test_elements_that_a_newer_process_appended_to_lists_are_ignored() -> None:
    rooms: dict[str, Any] = {"type": "rooms.news", "rooms": [[1, None, [], False, "more"]], "read": []}
    assert read(ActivityUpdate([], []), msgpack.packb(rooms)) == ActivityUpdate(
        rooms=[RoomActivity(room=1, audience=None, messages=[], more=False)], read=[]
    )
    output = {"type": "run.output", "run": "6b2", "bytes": 1, "chunks": [[1, 0, 1, 1, "x", "more"]]}
    assert read(RunOutput("", 0, []), msgpack.packb(output)) == RunOutput("6b2", 1, [OutputPiece(1, 0, 1, 1, "x")])


def test_older_senders_leave_out_fields_that_were_added() -> None:
    frames = {"type": "room.frames", "room": 1, "frames": []}
    assert read(RoomFrames(0, []), msgpack.packb(frames)) == RoomFrames(room=1, frames=[])
    batch = {"type": "chat.batch", "process": "p", "items": []}
    assert read(ChatBatch("", []), msgpack.packb(batch)) == ChatBatch(process="p", items=[])


def test_a_command_packs_to_the_list_that_workers_of_any_version_read() -> None:
    assert msgpack.unpackb(bytes(Command("edit", 1, 2, "id", "text", 3).packed())) == ["edit", 1, 2, "id", "text", 3]
    assert msgpack.unpackb(bytes(Command("post", 1, 2, "id").packed())) == ["post", 1, 2, "id", "", 0]


def test_each_message_knows_its_destination() -> None:
    destinations = {
        type(message).__name__: message.groups if isinstance(message, GroupMessage) else message.CHANNEL  # type: ignore[attr-defined]
        for message, _ in FORMATS
        if not isinstance(message, Turn)  # its channel is a field
    }
    assert destinations == {
        "RoomFrames": ("room.1",),
        "RoomFlash": ("room.1",),
        "RoomPresence": ("room.1",),
        "ActivityUpdate": ("interfaces",),
        "SocketReplies": ("interface.",),
        "AccessChanged": ("interfaces",),
        "PersonFrame": ("interfaces",),
        "PeopleFrame": ("interfaces",),
        "RunOutput": ("run.6b2",),
        "RunState": ("run.6b2", "service.web1"),
        "ServiceLine": ("service.web1",),
        "TurnAnswers": ("turns",),
        "TurnClaims": ("interface.p",),
        "TurnQuestion": ("turns",),
        "ChatBatch": "chat",
        "RunsWake": "runs",
        "RunsCancel": "runs",
    }
    assert SocketReplies(replies=[], process="p").groups == ("interface.p",)
    assert TurnAnswers(answers=[], process="p").groups == ("interface.p",)


def test_every_type_is_tested_and_interface_processes_read_all_of_theirs() -> None:
    types = {one for one in vars(messages).values() if isinstance(one, type) and issubclass(one, LayerMessage)}
    types -= {LayerMessage, GroupMessage, ChannelMessage}
    assert types == {type(message) for message, _ in FORMATS}
    assert set(InterfaceMessage.__args__) == {one for one in types if issubclass(one, GroupMessage)}


def test_texts_and_numbers_of_subclasses_travel_like_plain_ones() -> None:
    class Number(int):
        pass

    line = ServiceLine(service="web1", text=mark_safe("<b>done</b>"))
    assert msgpack.unpackb(encoded(line))["text"] == "<b>done</b>"
    assert msgpack.unpackb(encoded(AccessChanged(user=Number(7))))["user"] == 7


@pytest.mark.parametrize(
    "message",
    [
        ServiceLine(service="web1", text=b"bytes"),  # type: ignore[arg-type]
        AccessChanged(user="7"),  # type: ignore[arg-type]
        RoomFlash(room=1, frame=object()),  # type: ignore[arg-type]
    ],
)
def test_a_field_of_another_type_is_refused_at_the_sender(message: GroupMessage) -> None:
    with pytest.raises(ValueError):
        publish(message)
