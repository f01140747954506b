"""SQL of the hot path on Django's connection, without the work of Django's cursors around every statement.

That work is a third of a batch's Python: each statement passes thirty functions, and a worker that wakes up only now
and then has none of them in the processor's caches.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Protocol

from django.db.backends.base.base import BaseDatabaseWrapper


class Cursor(Protocol):
    """The part of a database cursor that a batch uses. Placeholders are `%s` with every database."""

    @property
    def rowcount(self) -> int:
        """The number of rows that the last statement changed."""

    def execute(self, sql: str, parameters: Sequence[Any], /) -> object:
        """Run one statement with these parameters."""

    def executemany(self, sql: str, many: Sequence[Sequence[Any]], /) -> object:
        """Run a statement once for each of these parameter lists."""

    def fetchall(self) -> Sequence[Any]:
        """Return the rows of the last query, as tuples."""


@contextmanager
def cursor_of(connection: BaseDatabaseWrapper) -> Iterator[Cursor]:
    """Yield a cursor in the current transaction. Errors are django.db's, that of a broken transaction included.

    It is Django's own cursor where statements are logged or wrapped (DEBUG, a test that counts them).
    """
    # Django checks this before every statement. SQLite would accept a statement here and lose it in the rollback.
    connection.validate_no_broken_transaction()
    if connection.queries_logged or connection.execute_wrappers:
        with connection.cursor() as wrapped:
            yield wrapped
        return
    with connection.wrap_database_errors:
        bare = connection.connection.cursor()
        try:
            yield _QuestionMarkCursor(bare) if connection.vendor == "sqlite" else bare
        finally:
            bare.close()


class _QuestionMarkCursor:
    """A cursor of sqlite3, which uses question marks as placeholders."""

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


@lru_cache(maxsize=128)  # the size of sqlite3's cache of statements; the text of a large batch has 60 kB
def _with_question_marks(sql: str) -> str:
    return sql.replace("%s", "?")
