"""Errors of an outage: the database, its disk or Redis fails, not the statement, so a later try may succeed.

The one rule for pages, which answer `busy`, and for workers, which keep their items and try again.
"""

import errno
import sqlite3

from django.db import InterfaceError, OperationalError
from django.db.utils import Error as DatabaseFault
from redis.exceptions import RedisError

# Primary result codes of SQLite: locked, out of memory, not writable, input or output failed, full, cannot be opened.
SQLITE_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
# Classes of PostgreSQL's states: connection, resources (53100 is a full disk), system (58030 is input or output).
POSTGRESQL_CLASSES = ("08", "53", "58")
# Serialization, deadlock, lock timeout, shutdown, crash, start, and a server that only reads.
POSTGRESQL_STATES = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "25006"})
STATEMENT_TIMEOUT = "57014"  # of a server that is too busy, or of a statement that is always too slow
DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ENOMEM})


def is_outage(error: BaseException) -> bool:
    """Return whether `error` surely is an outage's: no statement and no input causes it by itself."""
    if isinstance(error, DatabaseFault):
        return isinstance(error, InterfaceError) or _database_is_out(error.__cause__)
    return isinstance(error, RedisError) or (isinstance(error, OSError) and error.errno in DISK_ERRORS)


def is_busy(error: BaseException) -> bool:
    """Return whether the same request may succeed in a moment; beside an outage that is a statement's timeout."""
    if isinstance(error, OperationalError) and not isinstance(error.__cause__, sqlite3.Error):
        return _state(error.__cause__) in ("", STATEMENT_TIMEOUT) or is_outage(error)  # "": no connection
    return isinstance(error, DatabaseFault) and is_outage(error)


def _database_is_out(cause: BaseException | None) -> bool:
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in SQLITE_CODES
    state = _state(cause)
    return state in POSTGRESQL_STATES or state.startswith(POSTGRESQL_CLASSES)


def _state(cause: BaseException | None) -> str:
    """Return the SQLSTATE of an error of PostgreSQL, or an empty text; an error to connect has none."""
    return getattr(cause, "sqlstate", None) or ""
