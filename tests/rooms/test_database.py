"""The settings of a database connection decide which writes survive a power cut, and which transactions wait."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


@pytest.mark.skipif(connection.vendor != "sqlite", reason="speaks of SQLite")
def test_sqlite_syncs_every_commit_and_lets_readers_read() -> None:
    with connection.cursor() as cursor:
        answers = {}
        for pragma in ("journal_mode", "synchronous", "busy_timeout"):
            cursor.execute(f"PRAGMA {pragma}")
            answers[pragma] = cursor.fetchone()[0]
    assert answers == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 10_000}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="speaks of SQLite")
def test_sqlite_writers_queue_when_they_begin() -> None:
    assert connection.transaction_mode == "IMMEDIATE"  # type: ignore[attr-defined]
