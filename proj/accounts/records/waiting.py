"""Writes that a page can do without: they wait for the database only a moment, and a failure is only logged."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)

BRIEF_WAIT_MS = 300  # for other writers of SQLite; pages wait up to 10 s for writes that they need


@contextmanager
def brief_wait(purpose: str) -> Iterator[None]:
    """Let the body wait for SQLite's lock only BRIEF_WAIT_MS. A database error ends the body and is logged.

    The body must not be part of a transaction: after an error on PostgreSQL the rest of it would fail.
    """
    short = connection.vendor == "sqlite" and not connection.in_atomic_block
    try:
        before = _set_wait(BRIEF_WAIT_MS) if short else 0
        try:
            yield
        finally:
            if short:
                _set_wait(before)
    except DatabaseError as error:
        logger.warning("could not %s: %s", purpose, error)


def _set_wait(milliseconds: int) -> int:
    """Set how long this connection to SQLite waits for a lock; return the milliseconds of before."""
    with connection.cursor() as cursor:
        before = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout={milliseconds}")
    return int(before)
