"""Errors of an outage, told by the codes of the databases and of the disk."""

import errno
import sqlite3

import psycopg
import pytest
from django.db import IntegrityError, InterfaceError, InternalError, OperationalError
from psycopg import errors
from redis.exceptions import ConnectionError as RedisAway

from proj.outages import is_busy, is_outage


def of_sqlite(code: int) -> OperationalError:
    cause = sqlite3.OperationalError("as SQLite says it")
    cause.sqlite_errorcode = code
    return caused(OperationalError(), cause)


def caused(error: OperationalError, cause: Exception) -> OperationalError:
    error.__cause__ = cause
    return error


def of_postgresql(state: str) -> OperationalError:
    return caused(OperationalError(), errors.lookup(state)())


@pytest.mark.parametrize(
    "error",
    [
        of_sqlite(sqlite3.SQLITE_BUSY),
        of_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT),
        of_sqlite(sqlite3.SQLITE_FULL),
        of_sqlite(sqlite3.SQLITE_IOERR_WRITE),
        of_sqlite(sqlite3.SQLITE_READONLY),
        of_sqlite(sqlite3.SQLITE_CANTOPEN),
        *map(of_postgresql, ("53100", "53200", "53300", "55P03", "40P01", "57P01", "57P03", "08006", "58030")),
        caused(InternalError(), errors.lookup("25006")()),  # type: ignore[arg-type]
        InterfaceError("connection already closed"),
        RedisAway(),
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError(errno.EIO, "Input/output error"),
    ],
)
def test_an_error_of_the_disk_or_of_a_lock_is_an_outage(error: Exception) -> None:
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        of_sqlite(sqlite3.SQLITE_ERROR),
        of_sqlite(sqlite3.SQLITE_TOOBIG),
        *map(of_postgresql, ("57014", "22P05", "42P01")),
        caused(OperationalError(), psycopg.OperationalError("the connection is lost")),
        caused(IntegrityError(), sqlite3.IntegrityError("UNIQUE")),  # type: ignore[arg-type]
        FileNotFoundError(errno.ENOENT, "No such file"),
        ValueError("poison"),
    ],
)
def test_an_error_that_an_item_may_cause_is_none(error: Exception) -> None:
    assert not is_outage(error)


def test_a_page_is_told_to_try_again_after_a_timeout_and_without_a_connection_too() -> None:
    assert is_busy(of_postgresql("57014"))
    assert is_busy(caused(OperationalError(), psycopg.OperationalError("the connection is lost")))
    assert not is_busy(of_sqlite(sqlite3.SQLITE_ERROR))
    assert not is_busy(OSError(errno.ENOSPC, "No space left on device"))
