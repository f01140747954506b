"""Stores a run's output. On SQLite every other writer waits meanwhile, and a loud run stores all the time: this module
speaks SQL, in as few statements as possible. Through the ORM it held the lock twice as long.
"""
# ruff: noqa: S608 - only names of fields are put together, values are always parameters

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict

from django.db import connection

from proj.runs.models import Chunk, Run

RUN_FIELDS = {field.name: field for field in Run._meta.concrete_fields}


class RunFields(TypedDict, total=False):
    """The fields of a run's row that its worker and the clock change, by name."""

    state: str
    launcher_pid: int
    launcher_start: int
    started_at: datetime
    bytes: int
    lines: int
    chunks: int
    progress: int | None
    progress_text: str
    ended_at: datetime
    exit_code: int | None
    signal: int | None
    reason: str
    why: str
    settled: bool
    worker: str
    lease_until: datetime | None


def append(run: Run, worker: str, fields: RunFields, chunks: Sequence[Chunk]) -> bool:
    """Set `fields` in the run's row, and add `chunks` behind the stored ones, in the current transaction.

    `fields` is not empty. Return False, with nothing stored, when `worker` does not hold the run any more, or the run
    has other chunks by now.
    """
    id = _adapted("id", run.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE runs_run SET {', '.join(f'{name} = %s' for name in fields)} "
            "WHERE id = %s AND worker = %s AND chunks = %s",
            [*(_adapted(name, value) for name, value in fields.items()), id, worker, run.chunks],
        )
        if not cursor.rowcount:
            return False
        rows: list[Sequence[Any]] = [(id, one.seq, one.offset, one.line, one.data, one.packed) for one in chunks]
        if rows:
            cursor.executemany(
                'INSERT INTO runs_chunk (run_id, seq, "offset", line, data, packed) VALUES (%s, %s, %s, %s, %s, %s)',
                rows,
            )
    return True


def _adapted(name: str, value: object) -> Any:
    """Return the value of a field of Run as the database's driver takes it."""
    return RUN_FIELDS[name].get_db_prep_save(value, connection)
