"""The commands to a room's log, and their outcomes.

Commands travel over the layer from the socket to the worker, so they hold nothing but ids, numbers and text.
"""

from dataclasses import dataclass
from typing import Literal

import msgspec

Verb = Literal["post", "edit", "delete", "react", "unreact", "seen"]


class Command(msgspec.Struct, frozen=True, array_like=True):
    """One change that a person wants made to a room's log.

    Packed, it is a list in the order of the fields. Readers ignore elements that a newer process appended.
    """

    verb: Verb
    room: int
    author: int
    client_id: str  # unique per author: the same command again does nothing and gets the same answer
    text: str = ""  # of a message; of a reaction, its emoji
    target: int = 0  # the `seq` of the message to change; of "seen", the newest message read

    def packed(self) -> msgspec.Raw:
        """Return the form that travels."""
        return msgspec.Raw(msgspec.msgpack.encode(self))

    @staticmethod
    def unpacked(packed: msgspec.Raw) -> "Command":
        """Return the command that `packed()` packed. Raise ValueError for anything else."""
        return _decoder.decode(packed)


_decoder = msgspec.msgpack.Decoder(Command)


@dataclass(frozen=True, slots=True)
class Posted:
    """The part of a new message that goes to people with other rooms open.

    `audience` has the ids of the people with access; None: everybody. `watching` has the ids of people with a keyword
    in the message: nobody else may know of them.
    """

    author: str
    mentions: tuple[str, ...]  # user names, and perhaps markup.EVERYONE
    audience: frozenset[int] | None
    watching: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """The command is an event now: with its number in its room, and its frame as the protocol has it."""

    room: int
    seq: int
    frame: str
    posted: Posted | None = None  # where the event is a message


@dataclass(frozen=True, slots=True)
class Repeated:
    """The command was done before, as event `seq`, and nothing was stored."""

    room: int
    seq: int


@dataclass(frozen=True, slots=True)
class Noted:
    """The command is stored, but is no event. `frame`, unless empty, goes to the people in the room.

    Person `reader` has now seen all events up to `seq`; both are 0 when the person had seen them before.
    """

    room: int
    frame: str
    reader: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """The command was refused, and nothing was stored. `code` is one of the protocol's error codes."""

    code: str
    detail: str


Outcome = Written | Repeated | Noted | Refusal
