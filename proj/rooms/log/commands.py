"""What may be asked of a room's log, and what comes of it.

These travel over the layer from the socket to the worker, so they hold nothing but ids, numbers and text.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, get_args

Verb = Literal["post", "edit", "delete", "react", "unreact", "seen"]


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that a person wants done to a room's log."""

    verb: Verb
    room: int
    author: int
    client_id: str  # unique per author: the same command again does nothing and gets the same answer
    text: str = ""  # of a message; the emoji of a reaction
    target: int = 0  # the `seq` of the message that is meant, or seen up to

    FIELDS: ClassVar[int] = 6

    def packed(self) -> list[Any]:
        """The form that travels: a list, in the order of the fields."""
        return [self.verb, self.room, self.author, self.client_id, self.text, self.target]

    @classmethod
    def unpacked(cls, packed: list[Any]) -> Self:
        """The command that `packed()` made. Raises ValueError or TypeError for anything else."""
        verb, room, author, client_id, text, target = packed
        if verb not in get_args(Verb) or not isinstance(text, str):
            raise ValueError(f"not a command: {verb!r}")
        return cls(verb, int(room), int(author), str(client_id), text, int(target))


@dataclass(frozen=True, slots=True)
class Posted:
    """What is told of a message to people elsewhere. `audience` are the ids of those who may know; None: everybody."""

    author: str
    mentions: tuple[str, ...]  # user names, and perhaps markup.EVERYONE
    audience: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Written:
    """The command is an event now: its number in its room, and its frame as the protocol has it."""

    room: int
    seq: int
    frame: str
    posted: Posted | None = None  # where the event is a message


@dataclass(frozen=True, slots=True)
class Repeated:
    """The command was done before, as event `seq`; nothing was stored."""

    room: int
    seq: int


@dataclass(frozen=True, slots=True)
class Noted:
    """The command is stored, but is no event; `frame` (or nothing) tells the people in the room.

    Person `reader` has now seen everything up to `seq`; 0 when that is nothing new.
    """

    room: int
    frame: str
    reader: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """The command cannot be done; nothing was stored. `code` is one of the protocol's error codes."""

    code: str
    detail: str


Outcome = Written | Repeated | Noted | Refusal
