"""The index of words: FTS5 in SQLite, a tsvector in PostgreSQL. `rowid` of `rooms_words` is an event's id.

Besides the words of a text it holds its room and its author, which narrow a search before any text is read.
"""
# ruff: noqa: S608 - only placeholders are put together, values are always parameters

from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.backends.utils import CursorWrapper

from proj.rooms.search.words import Term

SQLITE = (
    "CREATE VIRTUAL TABLE rooms_words USING fts5("
    "words, tokenize=\"ascii tokenchars '_:'\", detail=none, prefix='1 2 3')"
)
POSTGRESQL = (
    "CREATE TABLE rooms_words (rowid bigint PRIMARY KEY, words tsvector NOT NULL); "
    "CREATE INDEX rooms_words_words ON rooms_words USING gin (words)"
)

IDS_PER_STATEMENT = 500

Group = Sequence[Term]


def in_room(id: int) -> Term:
    """Return the term for messages in this room. No text has a word with a colon."""
    return Term(f":r{id}")


def by_person(id: int) -> Term:
    """Return the term for messages by this person."""
    return Term(f":a{id}")


def replace(cursor: CursorWrapper, ids: Sequence[int], rows: Iterable[tuple[int, Iterable[str]]]) -> None:
    """Delete the words of the events `ids`, and insert those of `rows`: pairs of id and words."""
    for start in range(0, len(ids), IDS_PER_STATEMENT):
        some = ids[start : start + IDS_PER_STATEMENT]
        cursor.execute(f"DELETE FROM rooms_words WHERE rowid IN ({', '.join(['%s'] * len(some))})", some)
    postgresql = connection.vendor == "postgresql"
    values = [(id, sorted(words) if postgresql else " ".join(sorted(words))) for id, words in rows]
    form = "array_to_tsvector(%s::text[])" if postgresql else "%s"
    cursor.executemany(f"INSERT INTO rooms_words (rowid, words) VALUES (%s, {form})", values)


def found(terms: Group, without: Sequence[Group], after: int, before: int, limit: int) -> list[int]:
    """Return the ids of at most `limit` events between `after` and `before`, newest first.

    They have all `terms`, of which there must be at least one, and no group of `without` whole.
    """
    if connection.vendor == "postgresql":
        condition, query = "words @@ %s::tsquery", _tsquery(terms, without)
    else:
        condition, query = "rooms_words MATCH %s", _match(terms, without)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT rowid FROM rooms_words WHERE {condition} AND rowid > %s AND rowid < %s "
            "ORDER BY rowid DESC LIMIT %s",
            [query, after, before, limit],
        )
        return [id for (id,) in cursor.fetchall()]


# Words are letters and digits, and the marks of in_room() and by_person(): nothing in them needs escaping.


def _match(terms: Group, without: Sequence[Group]) -> str:
    return " NOT ".join(f"({_all(group)})" for group in (terms, *without))


def _all(terms: Group) -> str:
    return " AND ".join(f'"{term.word}"{"*" if term.begins else ""}' for term in terms)


def _tsquery(terms: Group, without: Sequence[Group]) -> str:
    return " & !".join(f"({_every(group)})" for group in (terms, *without))


def _every(terms: Group) -> str:
    return " & ".join(f"'{term.word}'{':*' if term.begins else ''}" for term in terms)
