"""The bare cursor of the hot path: it acts as Django's cursor does, and its statements can be logged."""

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.db.utils import OperationalError
from django.test.utils import CaptureQueriesContext

from proj.accounts.models import User
from proj.rooms.log import writing
from proj.rooms.log.frames import Kind
from proj.rooms.log.statements import cursor_of
from proj.rooms.models import Room

pytestmark = pytest.mark.django_db


def test_it_reads_and_writes_as_any_cursor(alice: User) -> None:
    with transaction.atomic(), cursor_of(connection) as cursor:
        cursor.execute("UPDATE accounts_user SET display_name = %s WHERE id = %s", ["100 % Alice?", alice.pk])
        assert cursor.rowcount == 1
        cursor.executemany("UPDATE accounts_user SET is_active = %s WHERE id = %s", [(True, alice.pk), (True, 0)])
        cursor.execute("SELECT id, display_name FROM accounts_user WHERE username IN (%s, %s)", ["alice", "nobody"])
        assert list(cursor.fetchall()) == [(alice.pk, "100 % Alice?")]


def test_its_errors_are_those_of_django_and_undo_the_transaction(alice: User) -> None:
    Room.objects.create(name="lobby")
    with pytest.raises(IntegrityError), transaction.atomic(), cursor_of(connection) as cursor:
        cursor.execute("UPDATE accounts_user SET display_name = %s WHERE id = %s", ["Alice", alice.pk])
        cursor.execute("INSERT INTO rooms_room SELECT * FROM rooms_room", [])
    alice.refresh_from_db()
    assert alice.display_name == ""
    with pytest.raises((OperationalError, ProgrammingError)), transaction.atomic(), cursor_of(connection) as cursor:
        cursor.execute("SELECT nothing FROM nowhere", [])


def test_nothing_is_written_in_a_broken_transaction(alice: User) -> None:
    room = Room.objects.create(name="lobby")
    with pytest.raises(TransactionManagementError), transaction.atomic():
        transaction.set_rollback(True)  # as Django does after an error that the code has swallowed
        writing.append(room.pk, Kind.ROOM_RENAMED, alice.pk, "alice", client_id="1", text="lost")


def test_statements_are_logged_for_tests_that_count_them(alice: User) -> None:
    with CaptureQueriesContext(connection) as captured, transaction.atomic(), cursor_of(connection) as cursor:
        cursor.execute("SELECT username FROM accounts_user WHERE id = %s", [alice.pk])
        assert list(cursor.fetchall()) == [("alice",)]
    assert any("SELECT username" in query["sql"] for query in captured.captured_queries)
