"""The messages between processes: one type for each, which knows its destination.

On the wire a message is a msgpack map of its `type` and its fields. During a rolling upgrade processes of two versions
read each other's messages, so these rules hold:

- Reading ignores unknown fields: a newer sender may add one, an older sender may still send one that was removed.
- A field that is added has a default, because older senders leave it out.
- A field keeps its name, type and meaning. Another meaning gets another name.
- A field is removed once the version before does not read it either.
"""

from typing import Any, ClassVar, TypeVar, Union

import msgspec

from proj.layer.names import (
    CHAT_CHANNEL,
    INTERFACES_GROUP,
    RUNS_CHANNEL,
    TURNS_GROUP,
    interface_group,
    room_group,
    run_group,
    service_group,
)

AnyMessage = TypeVar("AnyMessage", bound="LayerMessage")

MAX_MESSAGE_BYTES = 2**20  # of a serialized message


class MessageTooLarge(ValueError):
    """The serialized message is longer than MAX_MESSAGE_BYTES."""


class LayerMessage(msgspec.Struct, frozen=True, tag_field="type"):
    """The base of all message types. A subclass sets `tag`, the `type` on the wire."""


class GroupMessage(LayerMessage, frozen=True):
    """The base of messages to interface processes, by way of groups."""

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that the message goes to."""
        raise NotImplementedError


class ChannelMessage(LayerMessage, frozen=True):
    """The base of messages to workers, by way of a named channel."""

    CHANNEL: ClassVar[str]


# to interface processes: rooms


class RoomFrames(GroupMessage, frozen=True, tag="room.frames"):
    """Events of one room as finished frames, in order.

    `times` holds wall-clock seconds in pairs: when the oldest command was received (0: unknown), when all of them were
    committed. It is empty for events that no socket sent.
    """

    room: int
    frames: list[tuple[int, str]]  # seq and JSON text of each event
    times: list[float] = []

    @property
    def groups(self) -> tuple[str, ...]:
        return (room_group(self.room),)


class RoomFlash(GroupMessage, frozen=True, tag="room.flash"):
    """A transient frame for everybody in a room. It is not stored."""

    room: int
    frame: str

    @property
    def groups(self) -> tuple[str, ...]:
        return (room_group(self.room),)


class RoomPresence(GroupMessage, frozen=True, tag="room.presence"):
    """The names of the people with a socket in a room, in one interface process."""

    room: int
    process: str
    here: list[str]
    ask: bool  # whether the other processes are to answer with theirs

    @property
    def groups(self) -> tuple[str, ...]:
        return (room_group(self.room),)


class RoomActivity(msgspec.Struct, frozen=True, array_like=True):
    """The new messages of one room, for people with other rooms open."""

    room: int
    audience: list[int] | None  # ids of the people with access; None: everybody
    messages: list[tuple[int, str, list[str]]]  # seq, author, names mentioned
    more: bool  # whether there are more messages than these


class ActivityUpdate(GroupMessage, frozen=True, tag="rooms.news"):
    """New messages in rooms, and new read positions of people, for pages that have other rooms open."""

    rooms: list[RoomActivity]
    read: list[tuple[int, int, int]]  # person, room, and the seq that the person has read up to

    @property
    def groups(self) -> tuple[str, ...]:
        return (INTERFACES_GROUP,)


# to interface processes: sockets


class SocketReplies(GroupMessage, frozen=True, tag="socket.replies"):
    """Frames for single sockets of one interface process."""

    replies: list[tuple[int, str]]  # socket number and JSON text
    process: str = ""  # senders of older versions name the process in the group only

    @property
    def groups(self) -> tuple[str, ...]:
        return (interface_group(self.process),)


class AccessChanged(GroupMessage, frozen=True, tag="access.changed"):
    """The rights of a person changed: the person's sockets are to be checked again. Person 0: everybody's."""

    user: int

    @property
    def groups(self) -> tuple[str, ...]:
        return (INTERFACES_GROUP,)


class PersonFrame(GroupMessage, frozen=True, tag="person.frame"):
    """A frame for all pages of one person that receive news of their rooms. It is not stored here."""

    user: int
    frame: str  # JSON text

    @property
    def groups(self) -> tuple[str, ...]:
        return (INTERFACES_GROUP,)


class PeopleFrame(GroupMessage, frozen=True, tag="people.frame"):
    """A frame for all pages of several people that receive news of their rooms. It is not stored here."""

    users: list[int]
    frame: str  # JSON text

    @property
    def groups(self) -> tuple[str, ...]:
        return (INTERFACES_GROUP,)


# to interface processes: runs


class OutputPiece(msgspec.Struct, frozen=True, array_like=True):
    """One chunk of a run's output."""

    seq: int
    offset: int  # bytes of output before it
    end: int  # bytes of output up to its end
    line: int  # the number of its first line
    text: str


class RunOutput(GroupMessage, frozen=True, tag="run.output"):
    """New output of a run: consecutive chunks, or none when they are too long for a message."""

    run: str
    bytes: int  # of the run's output that are stored
    chunks: list[OutputPiece]

    @property
    def groups(self) -> tuple[str, ...]:
        return (run_group(self.run),)


class RunState(GroupMessage, frozen=True, tag="run.state"):
    """A new state, progress or count of a run. `state` has the fields of proj.runs.publishing.frames.state()."""

    state: dict[str, Any]

    @property
    def groups(self) -> tuple[str, ...]:
        return run_group(self.state["run"]), service_group(self.state["service"])


class ServiceLine(GroupMessage, frozen=True, tag="service.line"):
    """A line of text for every open page of a service. It is not stored."""

    service: str  # its uid
    text: str

    @property
    def groups(self) -> tuple[str, ...]:
        return (service_group(self.service),)


# to interface processes: Channels 1.x

EMPTY_CONTENT = msgspec.Raw(b"\x80")  # an empty msgpack map


class ChannelAct(msgspec.Struct, frozen=True, array_like=True):
    """One act of Channels 1.x code. Receivers pass over a verb that they do not know.

    reply: `content` to the socket `to`. group: `content` to the sockets of the group `to`. add, discard: the socket
    `to` and the group `name`. queue: a message for the code's own channel `name`, as the next turn of the socket `to`.
    once: the same, unless an equal message waits there already. session: `content` (JSON text) replaces the session of
    the socket `to`, except its sign-in.
    """

    verb: str
    to: str
    name: str = ""
    content: msgspec.Raw = EMPTY_CONTENT


class TurnAnswer(msgspec.Struct, frozen=True, array_like=True):
    """A worker's answer to one turn of a socket, or a part of it. Acts of other code have no process and socket 0."""

    acts: list[ChannelAct]
    process: str = ""
    socket: int = 0
    turn: int = 0
    part: int = 0  # counts up from 1 within the turn: a part that arrives twice is known
    done: bool = False
    session: str | None = None  # JSON text; None: the session did not change
    later: int = -1  # the first content of the turn that is to be tried again; -1: none
    consumer: str = ""  # its dotted name, for the log
    failed: bool = False  # a consumer raised


class TurnAnswers(GroupMessage, frozen=True, tag="turns.answers"):
    """Answers in the order to carry them out in. `process`: their only receiver; empty: all processes."""

    answers: list[TurnAnswer]
    process: str = ""

    @property
    def groups(self) -> tuple[str, ...]:
        return (interface_group(self.process) if self.process else TURNS_GROUP,)


class TurnQuestion(GroupMessage, frozen=True, tag="turns.question"):
    """A question to the interface processes about sockets of Channels 1.x code. Each pushes its answer to a list.

    members: the names of the sockets in the group `name`. session: that of the socket `name`, or nothing.
    """

    verb: str
    name: str
    answers: str  # the key of the list in Redis

    @property
    def groups(self) -> tuple[str, ...]:
        return (TURNS_GROUP,)


class TurnClaims(GroupMessage, frozen=True, tag="turns.claims"):
    """The turns of one interface process that a worker has in hand."""

    process: str
    turns: list[tuple[int, int]]  # the socket's number and the turn's

    @property
    def groups(self) -> tuple[str, ...]:
        return (interface_group(self.process),)


# to workers


class Turn(LayerMessage, frozen=True, tag="turns.turn"):
    """One turn of a socket for a worker of Channels 1.x code: messages of one channel, and the socket's session.

    A message for the code's own channel that belongs to no socket has an empty process and socket 0.
    """

    channel: str
    contents: list[msgspec.Raw]  # msgpack maps
    process: str = ""
    socket: int = 0
    turn: int = 0
    session: str = ""  # JSON text; empty: none


class ChatBatch(ChannelMessage, frozen=True, tag="chat.batch"):
    """Commands for the logs of rooms, from the sockets of one interface process."""

    CHANNEL = CHAT_CHANNEL

    process: str
    items: list[tuple[int, msgspec.Raw]]  # the number of the socket that waits for the answer, and a packed command
    received: list[float] = []  # wall-clock seconds of each command's arrival; senders of older versions leave it out


class RunsWake(ChannelMessage, frozen=True, tag="runs.wake"):
    """Queued runs may wait for a worker."""

    CHANNEL = RUNS_CHANNEL


class RunsCancel(ChannelMessage, frozen=True, tag="runs.cancel"):
    """Somebody asked to end a run."""

    CHANNEL = RUNS_CHANNEL

    run: str


InterfaceMessage = (
    RoomFrames
    | RoomFlash
    | RoomPresence
    | ActivityUpdate
    | SocketReplies
    | AccessChanged
    | PersonFrame
    | PeopleFrame
    | RunOutput
    | RunState
    | ServiceLine
    | TurnAnswers
    | TurnClaims
    | TurnQuestion
)


def _exact(value: object) -> object:
    """Return the text or number in a value of a subclass, such as Django's SafeString."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    raise NotImplementedError(f"a layer message cannot carry a {type(value).__name__}")


_encoder = msgspec.msgpack.Encoder(enc_hook=_exact)


def encoded(message: LayerMessage) -> bytes:
    """Return `message` as the msgpack map that travels."""
    return _encoder.encode(message)


def packed(content: object) -> msgspec.Raw:
    """Return plain data as msgpack. Raise TypeError or NotImplementedError for anything that cannot travel."""
    return msgspec.Raw(_encoder.encode(content))


def check(message: LayerMessage) -> None:
    """Raise ValueError when a field of `message` does not have its type: no receiver could read the message."""
    try:
        msgspec.msgpack.decode(encoded(message), type=type(message))
    except (TypeError, NotImplementedError) as error:
        raise ValueError(str(error)) from None


def decoder(types: tuple[type[AnyMessage], ...]) -> msgspec.msgpack.Decoder[AnyMessage]:
    """Return a decoder of messages of these types. It raises ValueError for anything else."""
    return msgspec.msgpack.Decoder(Union[types])  # noqa: UP007 - made of a tuple
