"""One transaction on rooms' logs.

This is the hot path of every message, so it runs SQL: one statement per step and batch, of any size. A room's
row is locked first (SQLite: the whole database, by BEGIN IMMEDIATE), so the order of commits is the order of
`seq`, and nobody can read event 6 before event 5 exists.
"""
# ruff: noqa: S608 - statements are built of placeholders only; all values are parameters

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from proj.rooms.log import frames, keywords, references
from proj.rooms.log.commands import Command, Noted, Outcome, Posted, Refusal, Repeated, Written
from proj.rooms.log.frames import Kind
from proj.rooms.log.keywords import Keywords
from proj.rooms.log.statements import Cursor
from proj.rooms.text import emoji, markup, mentions
from proj.rooms.text.markup import Rendered
from proj.text import unseen

MAX_REACTIONS = 20  # different emoji on one message
MAX_STATEMENT_ROWS = 1000  # rows, or ids, in one statement: SQLite may allow no more than 32,766 parameters

T = TypeVar("T")
# room, seq, kind, author, client_id, text, HTML, seq of the message that is meant, and the time as the database has it
EventRow = tuple[int, int, str, int, str, str, str, int | None, object]
MentionRow = tuple[int, int, int | None]  # room, seq, person (None: everybody)


@dataclass(slots=True)
class _Room:
    id: int
    seq: int
    archived: bool
    audience: frozenset[int] | None = None  # ids of its members; None: everybody


class Batch:
    """One transaction's work on rooms' logs.

    The rooms are locked, and their heads are counted up in memory. Events and mentions are queued until store().
    """

    def __init__(self, connection: BaseDatabaseWrapper, cursor: Cursor, commands: Sequence[Command]) -> None:
        self.cursor = cursor
        self.commands = commands
        self.now = timezone.now()
        self.stored_now = connection.ops.adapt_datetimefield_value(self.now)
        self._lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
        self.rooms: dict[int, _Room] = {}
        self.authors: dict[int, str] = {}  # id -> user name
        self.display_names: dict[int, str] = {}
        self.stored: dict[tuple[int, str], tuple[int, int]] = {}  # (author, client_id) -> (room, seq)
        self.mentionable: dict[str, tuple[int, str]] = {}  # mentions.key() of the user name -> id and user name
        self.keywords: Keywords | None = None  # where anybody has any
        self._events: list[EventRow] = []
        self._mentions: list[MentionRow] = []
        self._grown: set[int] = set()  # ids of rooms with new events

    def done(self, rendered: Sequence[Rendered]) -> list[Outcome]:
        """Do all commands and return their outcomes; `rendered` has the text of each as HTML."""
        self.load_rooms({command.room for command in self.commands})
        self._load_authors({command.author for command in self.commands})
        self._load_stored([command.client_id for command in self.commands if command.verb != "seen"])
        if mentioned := {name for one in rendered for name in one.mentions}:
            self._load_mentionable(mentioned)
        self.keywords = keywords.cache.current(self._load_keywords) or None
        referred = {reference for one in rendered for reference in one.references}
        addresses = references.addresses(self.cursor, referred) if referred else {}
        rendered = [one.settled(self.mentionable, addresses) for one in rendered]
        outcomes = [self._do(command, one) for command, one in zip(self.commands, rendered, strict=True)]
        self.store()
        return outcomes

    # reading

    def _select(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        """Return the rows of a query, as tuples."""
        self.cursor.execute(sql, parameters)
        return list(self.cursor.fetchall())

    def load_rooms(self, ids: Iterable[int]) -> None:
        """Read and lock the rooms, always in the order of their ids, so that two writers cannot deadlock."""
        closed: list[int] = []
        for some in _slices(sorted(ids)):
            for id, seq, members_only, hidden, archived_at in self._select(
                "SELECT id, seq, members_only, hidden, archived_at FROM rooms_room "
                f"WHERE id IN ({_placeholders(some)}) ORDER BY id{self._lock}",
                some,
            ):
                self.rooms[id] = _Room(id, seq, archived_at is not None)
                if members_only or hidden:
                    closed.append(id)
        for some in _slices(closed):
            members: dict[int, set[int]] = defaultdict(set)
            for room_id, user_id in self._select(
                f"SELECT room_id, user_id FROM rooms_membership WHERE room_id IN ({_placeholders(some)})", some
            ):
                members[room_id].add(user_id)
            for id in some:
                self.rooms[id].audience = frozenset(members[id])

    def _load_authors(self, ids: Iterable[int]) -> None:
        for some in _slices(list(ids)):
            for id, name, display_name in self._select(
                "SELECT id, username, display_name FROM accounts_user "
                f"WHERE is_active AND id IN ({_placeholders(some)})",
                some,
            ):
                self.authors[id] = name
                self.display_names[id] = display_name

    def _load_stored(self, client_ids: Sequence[str]) -> None:
        for some in _slices(client_ids):
            for author, client_id, room, seq in self._select(
                "SELECT author_id, client_id, room_id, seq FROM rooms_event "
                f"WHERE client_id IN ({_placeholders(some)})",
                some,
            ):
                self.stored[author, client_id] = (room, seq)

    def _load_mentionable(self, names: set[str]) -> None:
        """Find the mentioned people; the case of letters in their names does not count."""
        written = sorted(name for name in names if mentions.key(name) != markup.EVERYONE)
        lower = [mentions.key(name) for name in written]
        for some, same in zip(_slices(written), _slices(lower), strict=True):
            found = self._select(  # SQLite's lower() knows ASCII only, so the name as written matches too
                "SELECT id, username FROM accounts_user WHERE is_active "
                f"AND (lower(username) IN ({_placeholders(same)}) OR username IN ({_placeholders(some)}))",
                [*same, *some],
            )
            self.mentionable.update({mentions.key(name): (id, name) for id, name in found})

    def _load_keywords(self) -> Sequence[tuple[int, str]]:
        return self._select(
            "SELECT user_id, word FROM accounts_keyword "
            "JOIN accounts_user ON accounts_user.id = user_id WHERE is_active",
            [],
        )

    # commands

    def _do(self, command: Command, rendered: Rendered) -> Outcome:
        stored = self.stored.get((command.author, command.client_id))
        if stored:
            return Repeated(*stored)
        room = self.rooms.get(command.room)
        author = self.authors.get(command.author)
        if room is None:
            return Refusal("no_such_room", "There is no such room.")
        if author is None or (room.audience is not None and command.author not in room.audience):
            return Refusal("no_access", "You may not post in this room.")
        if command.verb == "seen":
            return self._seen(room, command, author)
        if room.archived:
            return Refusal("no_access", "This room is archived.")
        if command.verb in ("post", "edit") and not unseen.is_seen(command.text):
            return Refusal("empty", "A message needs at least one visible character.")
        if command.verb == "post":
            mentioned, watching = self._call(room, room.seq + 1, command, rendered)
            posted = Posted(author, mentioned, room.audience, watching)
            return self.add(
                Kind.POSTED, room, command.author, author, command.client_id, command.text, rendered.html, posted=posted
            )
        if command.verb in ("react", "unreact"):
            return self._react(room, command, author)
        return self._change(room, command, author, rendered)

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
        """Queue the next event of `room` for store(), and return it."""
        room.seq += 1
        self._grown.add(room.id)
        self.stored[author_id, client_id] = (room.id, room.seq)
        self._events.append((room.id, room.seq, kind.value, author_id, client_id, text, html, target, self.stored_now))
        name = self.display_names.get(author_id, "")
        frame = frames.event(
            kind.value, room.seq, author, text, self.now, client_id, name=name, html=html, message=target
        )
        return Written(room.id, room.seq, frames.encoded(frame), posted)

    def _call(
        self, room: _Room, seq: int, command: Command, rendered: Rendered
    ) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Queue the calls of message `seq` to people with access to the room.

        Return the mentioned names, and the ids of people that have a keyword in the message and are not mentioned.
        """
        if not rendered.mentions and self.keywords is None:
            return (), ()
        people = {self.mentionable[name] for name in rendered.mentions if name != markup.EVERYONE}
        mentioned = {id: name for id, name in people if room.audience is None or id in room.audience}
        names = tuple(mentioned.values())
        watching: tuple[int, ...] = ()
        if self.keywords is not None and (found := self.keywords.found(command.text)):
            watching = self._watching(room, found - {command.author, *mentioned})
        self._mentions += [(room.id, seq, id) for id in (*mentioned, *watching)]
        if markup.EVERYONE in rendered.mentions:
            self._mentions.append((room.id, seq, None))
            names = (*names, markup.EVERYONE)
        return names, watching

    def _watching(self, room: _Room, people: set[int]) -> tuple[int, ...]:
        """Return those of these people that have access to the room and have not muted it."""
        able = sorted(people if room.audience is None else people & room.audience)
        muted: set[int] = set()
        for some in _slices(able):
            sql = f"SELECT user_id FROM rooms_mute WHERE room_id = %s AND user_id IN ({_placeholders(some)})"
            muted.update(id for (id,) in self._select(sql, [room.id, *some]))
        return tuple(id for id in able if id not in muted)

    def _change(self, room: _Room, command: Command, author: str, rendered: Rendered) -> Outcome:
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
            self._call(room, command.target, command, rendered)
            self.cursor.execute(
                "UPDATE rooms_event SET text = %s, html = %s, edited_at = %s WHERE id = %s",
                [command.text, rendered.html, self.stored_now, id],
            )
            kind = Kind.EDITED
        else:
            self.cursor.execute(
                "UPDATE rooms_event SET text = '', html = '', reactions = '', deleted_at = %s WHERE id = %s",
                [self.stored_now, id],
            )
            if edited_at is not None:  # the deleted text must not survive in the events of its edits
                self.cursor.execute(
                    "UPDATE rooms_event SET text = '', html = '' WHERE room_id = %s AND seq > %s AND target = %s",
                    [room.id, command.target, command.target],
                )
            kind = Kind.DELETED
        text, html = (command.text, rendered.html) if command.verb == "edit" else ("", "")
        return self.add(kind, room, command.author, author, command.client_id, text, html, command.target)

    def _react(self, room: _Room, command: Command, author: str) -> Outcome:
        """Add or remove a reaction. The message's row has the names by emoji, in the order of the reactions."""
        self.store()  # the message may be in this very batch
        rows = self._select(
            "SELECT id, reactions FROM rooms_event "
            "WHERE room_id = %s AND seq = %s AND kind = %s AND deleted_at IS NULL",
            [room.id, command.target, Kind.POSTED.value],
        )
        if not rows:
            return Refusal("no_such_message", "This message is not there, or was deleted.")
        id, packed = rows[0]
        reactions: dict[str, list[str]] = json.loads(packed or "{}")
        names = reactions.setdefault(command.text, [])
        adding = command.verb == "react"
        if command.text not in emoji.ALL or len(reactions) > MAX_REACTIONS:
            return Refusal("bad_field", f"A reaction is a known emoji, and there are at most {MAX_REACTIONS} of them.")
        if adding == (author in names):
            return Repeated(room.id, command.target)
        if adding:
            names.append(author)
        else:
            names.remove(author)
        packed = json.dumps({sign: names for sign, names in reactions.items() if names}, ensure_ascii=False)
        self.cursor.execute("UPDATE rooms_event SET reactions = %s WHERE id = %s", [packed, id])
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

    # storing

    def store(self) -> None:
        """Write the queued events and mentions, and the rooms' new heads."""
        one = "(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
        for rows in _slices(self._events):
            self.cursor.execute(
                "INSERT INTO rooms_event (room_id, seq, kind, author_id, client_id, text, html, target, at) "
                f"VALUES {', '.join([one] * len(rows))}",
                [value for row in rows for value in row],
            )
        self._events = []
        for some in _slices(self._mentions):
            self.cursor.execute(
                f"INSERT INTO rooms_mention (room_id, seq, user_id) VALUES {', '.join(['(%s, %s, %s)'] * len(some))}",
                [value for mention in some for value in mention],
            )
        self._mentions = []
        if self._grown:
            self.cursor.executemany(
                "UPDATE rooms_room SET seq = %s WHERE id = %s",
                [(self.rooms[id].seq, id) for id in sorted(self._grown)],
            )
            self._grown.clear()


def _slices(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), MAX_STATEMENT_ROWS):
        yield values[start : start + MAX_STATEMENT_ROWS]


def _placeholders(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))
