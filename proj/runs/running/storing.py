"""Stores what a run printed. On SQLite everybody else who writes waits meanwhile, and a loud run does it all the time:
so it speaks SQL, as few statements as can be. Through the ORM it held the lock twice as long.
"""
# ruff: noqa: S608 - only names of fields are put together, values are always parameters

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from proj.runs.models import Chunk, Run

FIELDS = {field.name: field for field in Run._meta.concrete_fields}


def append(run: Run, worker: str, values: Mapping[str, Any], chunks: Sequence[Chunk]) -> bool:
    """Set `values` in the run's row, and add `chunks` behind those that it has, in the current transaction.

    `values` is not empty. False, and nothing is stored, when the run is not in the hands of `worker` any more, or has
    other chunks by now.
    """
    id = _adapted("id", run.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE runs_run SET {', '.join(f'{name} = %s' for name in values)} "
            "WHERE id = %s AND worker = %s AND chunks = %s",
            [*(_adapted(name, value) for name, value in values.items()), id, worker, run.chunks],
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


def _adapted(name: str, value: Any) -> Any:
    """The value of a field of Run as the database's driver takes it."""
    return FIELDS[name].get_db_prep_save(value, connection)
