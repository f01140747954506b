"""Writes rooms' logs: a batch of commands in one transaction, `seq` without holes, no event stored twice."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.db import DEFAULT_DB_ALIAS, IntegrityError, OperationalError, connections, transaction

from proj.layer.messages import MAX_MESSAGE_BYTES, GroupMessage, PeopleFrame, RoomFlash, RoomFrames
from proj.layer.publish import publish
from proj.rooms.log import activity
from proj.rooms.log.batch import Batch
from proj.rooms.log.commands import Command, Noted, Outcome, Posted, Written
from proj.rooms.log.frames import Kind, encoded
from proj.rooms.log.statements import cursor_of
from proj.rooms.text import markup

MAX_WRITE_TRIES = 3  # while another process stores the same client_ids in another room at the same moment
DEADLOCK = "40P01"  # PostgreSQL's code, when the two processes do so in opposite order


def write(commands: Sequence[Command]) -> list[Outcome]:
    """Do `commands` in order in one transaction; return the outcome of each, in the same order.

    A refused command does not affect the others. Raise django.db.Error when nothing at all was stored.
    """
    rendered = [markup.render(command.text) for command in commands]  # before anything is locked
    connection = connections[DEFAULT_DB_ALIAS]
    for tries_left in reversed(range(MAX_WRITE_TRIES)):
        try:
            with transaction.atomic(), cursor_of(connection) as cursor:
                return Batch(connection, cursor, commands).done(rendered)
        except IntegrityError:
            if not tries_left:
                raise
        except OperationalError as error:
            if not tries_left or getattr(error.__cause__, "sqlstate", None) != DEADLOCK:
                raise
    raise AssertionError("unreachable")


def write_and_publish(commands: Sequence[Command]) -> list[Outcome]:
    """Do as write() does, and publish the outcomes after the commit."""
    with transaction.atomic():
        outcomes = write(commands)
        publish(*announcements(outcomes), *activity.of(outcomes))
    return outcomes


def announcements(
    outcomes: Sequence[Outcome], received: Sequence[float] = (), committed: float = 0.0
) -> list[GroupMessage]:
    """Return the layer messages about `outcomes`: first transient frames, then the events of each room.

    `received` and `committed` are wall-clock seconds: the arrival of each command (0: unknown), and the commit. Without
    them the messages carry no times.
    """
    events: dict[int, list[tuple[int, str]]] = defaultdict(list)
    oldest: dict[int, float] = {}  # by room: the arrival of its oldest command
    messages: list[GroupMessage] = []
    for outcome, at in zip(outcomes, received or [0.0] * len(outcomes), strict=True):
        match outcome:
            case Written():
                events[outcome.room].append((outcome.seq, outcome.frame))
                oldest[outcome.room] = min(oldest.get(outcome.room, committed), at)
                if outcome.posted is not None and outcome.posted.watching:
                    messages.append(_call(outcome, outcome.posted))
            case Noted() if outcome.frame:
                messages.append(RoomFlash(room=outcome.room, frame=outcome.frame))
    for room, numbered in events.items():
        times = [oldest[room], committed] if committed else []
        messages += [RoomFrames(room=room, frames=part, times=times) for part in _parts(numbered)]
    return messages


def _call(written: Written, posted: Posted) -> PeopleFrame:
    """Return the message to the people that have a keyword in a message."""
    frame = {"type": "called", "room": written.room, "seq": written.seq, "author": posted.author}
    return PeopleFrame(users=list(posted.watching), frame=encoded(frame))


def _parts(numbered: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Yield the frames in parts that fit into a layer message, in any script."""
    part: list[tuple[int, str]] = []
    size = 0
    for seq, frame in numbered:
        size += 4 * len(frame)
        if part and size > MAX_MESSAGE_BYTES // 2:
            yield part
            part, size = [], 4 * len(frame)
        part.append((seq, frame))
    yield part


def append(
    room_id: int, kind: Kind, author_id: int, author: str, *, client_id: str, text: str = "", target: int | None = None
) -> Written:
    """Add an event that is no command's (a membership, ...), and publish it after the commit."""
    with transaction.atomic():
        written = add(room_id, kind, author_id, author, client_id=client_id, text=text, target=target)
        publish(*announcements([written]))
    return written


def add(
    room_id: int,
    kind: Kind,
    author_id: int,
    author: str,
    *,
    name: str = "",
    client_id: str,
    text: str = "",
    target: int | None = None,
) -> Written:
    """Add an event without publishing it: the caller does so after its commit. `name` is the author's display name."""
    connection = connections[DEFAULT_DB_ALIAS]
    with transaction.atomic(), cursor_of(connection) as cursor:
        batch = Batch(connection, cursor, [])
        batch.load_rooms([room_id])
        batch.display_names[author_id] = name
        written = batch.add(kind, batch.rooms[room_id], author_id, author, client_id, text, target=target)
        batch.store()
    return written
