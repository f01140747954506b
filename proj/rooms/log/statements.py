"""SQL of the hot path on Django's connection, without what Django's cursors do around every statement.

Of a batch's Python that is a third: each statement passes thirty functions, and a worker that wakes up now and then
has none of them in the processor's caches.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Protocol

from django.db.backends.base.base import BaseDatabaseWrapper


class Cursor(Protocol):
    """What a batch needs of a cursor. Placeholders are `%s`, whatever the database."""

    @property
    def rowcount(self) -> int:
        """Rows that the last statement has changed."""

    def execute(self, sql: str, parameters: Sequence[Any], /) -> object:
        """Run a statement."""

    def executemany(self, sql: str, many: Sequence[Sequence[Any]], /) -> object:
        """Run a statement with each of these parameters."""

    def fetchall(self) -> Sequence[Any]:
        """The rows that the last statement has found, as tuples."""


@contextmanager
def cursor_of(connection: BaseDatabaseWrapper) -> Iterator[Cursor]:
    """A cursor in the transaction that is under way. Errors are django.db's, also that it can only be rolled back.

    It is Django's own where somebody watches statements (DEBUG, a test that counts them).
    """
    connection.validate_no_broken_transaction()  # Django asks before every statement; SQLite would take it and forget
    if connection.queries_logged or connection.execute_wrappers:
        with connection.cursor() as watched:
            yield watched
        return
    with connection.wrap_database_errors:
        bare = connection.connection.cursor()
        try:
            yield _Questioning(bare) if connection.vendor == "sqlite" else bare
        finally:
            bare.close()


class _Questioning:
    """A cursor of sqlite3, whose placeholders are question marks."""

    __slots__ = ("_bare", "fetchall")

    def __init__(self, bare: Any) -> None:
        self._bare = bare
        self.fetchall = bare.fetchall

    @property
    def rowcount(self) -> int:
        return int(self._bare.rowcount)

    def execute(self, sql: str, parameters: Sequence[Any], /) -> object:
        return self._bare.execute(_with_question_marks(sql), parameters)

    def executemany(self, sql: str, many: Sequence[Sequence[Any]], /) -> object:
        return self._bare.executemany(_with_question_marks(sql), many)


@lru_cache(maxsize=128)  # as many as sqlite3 keeps prepared; the text of a large batch has 60 kB
def _with_question_marks(sql: str) -> str:
    return sql.replace("%s", "?")
