"""Writes rooms' logs: a batch of commands in one transaction, `seq` without holes, nothing stored twice.

This is the hot path of every message, so it speaks SQL: one statement per step and batch, whatever the batch's
size. A room's row is locked first (SQLite: the whole database, by BEGIN IMMEDIATE), so the order of commits is the
order of `seq`, and nobody can read event 6 before event 5 exists.
"""
# ruff: noqa: S608 - only placeholders are put together, values are always parameters

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, IntegrityError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from proj.layer.messages import MAX_MESSAGE_BYTES, GroupMessage, RoomFlash, RoomFrames
from proj.layer.publish import publish
from proj.rooms.log import activity, frames
from proj.rooms.log.commands import Command, Noted, Outcome, Posted, Refusal, Repeated, Written
from proj.rooms.log.frames import Kind
from proj.rooms.log.statements import Cursor, cursor_of
from proj.rooms.text import emoji, markup
from proj.rooms.text.markup import Rendered

TRIES = 3  # against two processes storing the same client_ids in two rooms at the same moment
DEADLOCK = "40P01"  # PostgreSQL's code, where they do so in opposite order
MOST_REACTIONS = 20  # different ones to one message
PORTION = 1000  # rows, or ids, in one statement: SQLite may allow no more than 32,766 parameters


T = TypeVar("T")


def write(commands: Sequence[Command]) -> list[Outcome]:
    """Do `commands` in order in one transaction; return what came of each, in the same order.

    What is refused is refused alone. Raises django.db.Error when nothing at all was stored.
    """
    looks = [markup.render(command.text) for command in commands]  # before anything is locked
    connection = connections[DEFAULT_DB_ALIAS]
    for tries_left in reversed(range(TRIES)):
        try:
            with transaction.atomic(), cursor_of(connection) as cursor:
                return _Batch(connection, cursor, commands).done(looks)
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
            case Noted() if outcome.frame:
                messages.append(RoomFlash(room=outcome.room, frame=outcome.frame))
    for room, numbered in events.items():
        times = [oldest[room], committed] if committed else []
        messages += [RoomFrames(room=room, frames=part, times=times) for part in _parts(numbered)]
    return messages


def _parts(numbered: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Frames in portions that a layer message can hold, whatever script they are written in."""
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
    """Add an event that no socket asked for (a membership, ...) and tell the room after the commit."""
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
    """As append(), and tell nobody: the caller does, after its commit. `name` is the author's display name."""
    connection = connections[DEFAULT_DB_ALIAS]
    with transaction.atomic(), cursor_of(connection) as cursor:
        batch = _Batch(connection, cursor, [])
        batch.load_rooms([room_id])
        batch.display_names[author_id] = name
        written = batch.add(kind, batch.rooms[room_id], author_id, author, client_id, text, target=target)
        batch.store()
    return written


@dataclass(slots=True)
class _Room:
    id: int
    seq: int
    archived: bool
    audience: frozenset[int] | None = None  # its members; None: everybody


class _Batch:
    """One transaction's work. `rooms` are locked and counted up in memory; `store()` writes what has gathered."""

    def __init__(self, connection: BaseDatabaseWrapper, cursor: Cursor, commands: Sequence[Command]) -> None:
        self.cursor = cursor
        self.commands = commands
        self.now = timezone.now()
        self.stored_now = connection.ops.adapt_datetimefield_value(self.now)
        self._lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
        self.rooms: dict[int, _Room] = {}
        self.people: dict[int, str] = {}
        self.display_names: dict[int, str] = {}
        self.known: dict[tuple[int, str], tuple[int, int]] = {}  # (author, client_id) -> (room, seq)
        self.named: dict[str, tuple[int, str]] = {}  # who is mentioned: the name in lower case -> id and name
        self._rows: list[tuple[Any, ...]] = []
        self._mentions: list[tuple[int, int, int | None]] = []
        self._grown: set[int] = set()

    def done(self, looks: Sequence[Rendered]) -> list[Outcome]:
        """Do all commands; `looks` is what the text of each looks like."""
        self.load_rooms({command.room for command in self.commands})
        self._load_people({command.author for command in self.commands})
        self._load_known([command.client_id for command in self.commands if command.verb != "seen"])
        if mentioned := {name for one in looks for name in one.mentions}:
            self._load_named(mentioned)
        outcomes = [self._do(command, one) for command, one in zip(self.commands, looks, strict=True)]
        self.store()
        return outcomes

    # what is there

    def _select(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        """The rows that `sql` finds, as tuples."""
        self.cursor.execute(sql, parameters)
        return list(self.cursor.fetchall())

    def load_rooms(self, ids: Iterable[int]) -> None:
        """Read and lock the rooms, in one order everywhere so that two writers cannot lock each other out."""
        closed: list[int] = []
        for some in _portions(sorted(ids)):
            for id, seq, members_only, hidden, archived_at in self._select(
                "SELECT id, seq, members_only, hidden, archived_at FROM rooms_room "
                f"WHERE id IN ({_marks(some)}) ORDER BY id{self._lock}",
                some,
            ):
                self.rooms[id] = _Room(id, seq, archived_at is not None)
                if members_only or hidden:
                    closed.append(id)
        for some in _portions(closed):
            members: dict[int, set[int]] = defaultdict(set)
            for room_id, user_id in self._select(
                f"SELECT room_id, user_id FROM rooms_membership WHERE room_id IN ({_marks(some)})", some
            ):
                members[room_id].add(user_id)
            for id in some:
                self.rooms[id].audience = frozenset(members[id])

    def _load_people(self, ids: Iterable[int]) -> None:
        for some in _portions(list(ids)):
            for id, name, display_name in self._select(
                f"SELECT id, username, display_name FROM accounts_user WHERE is_active AND id IN ({_marks(some)})", some
            ):
                self.people[id] = name
                self.display_names[id] = display_name

    def _load_known(self, client_ids: Sequence[str]) -> None:
        for some in _portions(client_ids):
            for author, client_id, room, seq in self._select(
                f"SELECT author_id, client_id, room_id, seq FROM rooms_event WHERE client_id IN ({_marks(some)})", some
            ):
                self.known[author, client_id] = (room, seq)

    def _load_named(self, names: set[str]) -> None:
        """Find the people who are mentioned, however their names are written."""
        written = sorted(names - {markup.EVERYONE})
        lower = [name.lower() for name in written]
        for some, same in zip(_portions(written), _portions(lower), strict=True):
            found = self._select(  # lower() of SQLite knows ASCII only, so the name as it is written counts too
                "SELECT id, username FROM accounts_user WHERE is_active "
                f"AND (lower(username) IN ({_marks(same)}) OR username IN ({_marks(some)}))",
                [*same, *some],
            )
            self.named.update({name.lower(): (id, name) for id, name in found})

    # what is asked

    def _do(self, command: Command, looks: Rendered) -> Outcome:
        known = self.known.get((command.author, command.client_id))
        if known:
            return Repeated(*known)
        room = self.rooms.get(command.room)
        author = self.people.get(command.author)
        if room is None:
            return Refusal("no_such_room", "There is no such room.")
        if author is None or (room.audience is not None and command.author not in room.audience):
            return Refusal("no_access", "You may not post in this room.")
        if command.verb == "seen":
            return self._seen(room, command, author)
        if room.archived:
            return Refusal("no_access", "This room is archived.")
        if command.verb == "post":
            posted = Posted(author, self._mention(room, room.seq + 1, looks), room.audience)
            return self.add(
                Kind.POSTED, room, command.author, author, command.client_id, command.text, looks.html, posted=posted
            )
        if command.verb in ("react", "unreact"):
            return self._react(room, command, author)
        return self._change(room, command, author, looks)

    def add(
        self,
        kind: Kind,
        room: _Room,
        author_id: int,
        author: str,
        client_id: str,
        text: str,
        html: str = "",
        target: int | None = None,
        posted: Posted | None = None,
    ) -> Written:
        """The next event of `room`; it is stored by the next store()."""
        room.seq += 1
        self._grown.add(room.id)
        self.known[author_id, client_id] = (room.id, room.seq)
        self._rows.append((room.id, room.seq, kind.value, author_id, client_id, text, html, target, self.stored_now))
        name = self.display_names.get(author_id, "")
        frame = frames.event(
            kind.value, room.seq, author, text, self.now, client_id, name=name, html=html, message=target
        )
        return Written(room.id, room.seq, frames.encoded(frame), posted)

    def _mention(self, room: _Room, seq: int, looks: Rendered) -> tuple[str, ...]:
        """Note whom message `seq` mentions, those only who may read it; their names."""
        if not looks.mentions:
            return ()
        people = {self.named[name.lower()] for name in looks.mentions if name.lower() in self.named}
        able = {id: name for id, name in people if room.audience is None or id in room.audience}
        self._mentions += [(room.id, seq, id) for id in able]
        if markup.EVERYONE not in looks.mentions:
            return tuple(able.values())
        self._mentions.append((room.id, seq, None))
        return (*able.values(), markup.EVERYONE)

    def _change(self, room: _Room, command: Command, author: str, looks: Rendered) -> Outcome:
        """Edit or delete a message: its row keeps the present state, and the change is an event of its own."""
        self.store()  # the message may be in this very batch
        rows = self._select(
            "SELECT id, author_id, edited_at, deleted_at FROM rooms_event "
            "WHERE room_id = %s AND seq = %s AND kind = %s",
            [room.id, command.target, Kind.POSTED.value],
        )
        if not rows or rows[0][3] is not None:
            return Refusal("no_such_message", "This message is not there, or was deleted.")
        id, owner, edited_at, _ = rows[0]
        if owner != command.author:
            return Refusal("not_yours", "Only its author can change a message.")
        self.cursor.execute("DELETE FROM rooms_mention WHERE room_id = %s AND seq = %s", [room.id, command.target])
        if command.verb == "edit":
            self._mention(room, command.target, looks)
            self.cursor.execute(
                "UPDATE rooms_event SET text = %s, html = %s, edited_at = %s WHERE id = %s",
                [command.text, looks.html, self.stored_now, id],
            )
            kind = Kind.EDITED
        else:
            self.cursor.execute(
                "UPDATE rooms_event SET text = '', html = '', reactions = '', deleted_at = %s WHERE id = %s",
                [self.stored_now, id],
            )
            if edited_at is not None:  # what was deleted must not live on in the edits
                self.cursor.execute(
                    "UPDATE rooms_event SET text = '', html = '' WHERE room_id = %s AND seq > %s AND target = %s",
                    [room.id, command.target, command.target],
                )
            kind = Kind.DELETED
        text, html = (command.text, looks.html) if command.verb == "edit" else ("", "")
        return self.add(kind, room, command.author, author, command.client_id, text, html, command.target)

    def _react(self, room: _Room, command: Command, author: str) -> Outcome:
        """Add or take back a reaction; the message's row keeps who has which, in the order in which they came."""
        self.store()  # the message may be in this very batch
        rows = self._select(
            "SELECT id, reactions FROM rooms_event "
            "WHERE room_id = %s AND seq = %s AND kind = %s AND deleted_at IS NULL",
            [room.id, command.target, Kind.POSTED.value],
        )
        if not rows:
            return Refusal("no_such_message", "This message is not there, or was deleted.")
        id, kept = rows[0]
        reactions: dict[str, list[str]] = json.loads(kept or "{}")
        names = reactions.setdefault(command.text, [])
        adding = command.verb == "react"
        if command.text not in emoji.ALL or len(reactions) > MOST_REACTIONS:
            return Refusal("bad_field", f"A reaction is a known emoji, and there are at most {MOST_REACTIONS} of them.")
        if adding == (author in names):
            return Repeated(room.id, command.target)
        if adding:
            names.append(author)
        else:
            names.remove(author)
        kept = json.dumps({sign: who for sign, who in reactions.items() if who}, ensure_ascii=False)
        self.cursor.execute("UPDATE rooms_event SET reactions = %s WHERE id = %s", [kept, id])
        kind = Kind.REACTED if adding else Kind.UNREACTED
        return self.add(kind, room, command.author, author, command.client_id, command.text, "", command.target)

    def _seen(self, room: _Room, command: Command, author: str) -> Outcome:
        seq = min(command.target, room.seq)
        self.cursor.execute(
            "INSERT INTO rooms_seen (room_id, user_id, seq) VALUES (%s, %s, %s) "
            "ON CONFLICT (room_id, user_id) DO UPDATE SET seq = excluded.seq WHERE rooms_seen.seq < excluded.seq",
            [room.id, command.author, seq],
        )
        if not self.cursor.rowcount:
            return Noted(room.id, "")
        frame = frames.encoded({"type": "seen", "who": author, "seq": seq})
        return Noted(room.id, frame, command.author, seq)

    # what is kept

    def store(self) -> None:
        """Write the events that have gathered, and the rooms' new heads."""
        one = "(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
        for rows in _portions(self._rows):
            self.cursor.execute(
                "INSERT INTO rooms_event (room_id, seq, kind, author_id, client_id, text, html, target, at) "
                f"VALUES {', '.join([one] * len(rows))}",
                [value for row in rows for value in row],
            )
        self._rows = []
        for mentions in _portions(self._mentions):
            self.cursor.execute(
                "INSERT INTO rooms_mention (room_id, seq, user_id) "
                f"VALUES {', '.join(['(%s, %s, %s)'] * len(mentions))}",
                [value for mention in mentions for value in mention],
            )
        self._mentions = []
        if self._grown:
            self.cursor.executemany(
                "UPDATE rooms_room SET seq = %s WHERE id = %s",
                [(self.rooms[id].seq, id) for id in sorted(self._grown)],
            )
            self._grown.clear()


def _portions(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), PORTION):
        yield values[start : start + PORTION]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))
