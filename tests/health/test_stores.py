"""The doctor's checks of the database, Redis and both layers, with those of the tests."""

import sqlite3
from collections.abc import Iterator

import pytest
import redis
from django.contrib.sessions.models import Session
from django.db import connection

from proj.health import stores
from proj.health.report import Observation, State, Walk


def only(found: Iterator[Observation]) -> Observation:
    (seen,) = found
    return seen


@pytest.fixture
def server(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client
        client.config_set("maxmemory-policy", "noeviction")


@pytest.mark.django_db(transaction=True)
def test_a_migrated_database_that_can_be_written_is_fine_and_nothing_stays_in_it() -> None:
    seen = only(stores.database_writable(Walk()))
    assert seen.state == State.GREEN, seen
    assert not Session.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_is_missing_is_red() -> None:
    from django.db.migrations.recorder import MigrationRecorder

    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("sessions", "0001_initial")
    try:
        seen = only(stores.database_writable(Walk()))
    finally:
        recorder.record_applied("sessions", "0001_initial")
    assert (seen.state, seen.advice) == (State.RED, "Run: manage.py migrate")


@pytest.mark.django_db(transaction=True)
def test_a_database_that_takes_no_writes_is_red() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("holds the lock of SQLite")
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=50")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        seen = only(stores.database_writable(Walk()))
    finally:
        other.close()
        connection.close()
    assert (seen.state, "takes no writes" in seen.saw) == (State.RED, True)


def test_the_redis_of_the_tests_is_fine(redis_url: str) -> None:
    seen = only(stores.redis_fit(Walk()))
    assert seen.state == State.GREEN, seen
    assert "noeviction" in seen.saw


def test_a_redis_that_throws_things_away_is_red(server: redis.Redis) -> None:
    server.config_set("maxmemory-policy", "allkeys-lru")
    seen = only(stores.redis_fit(Walk()))
    assert (seen.state, "allkeys-lru" in seen.saw, "noeviction" in seen.advice) == (State.RED, True, True)


def test_the_clocks_of_one_host_agree(redis_url: str) -> None:
    assert only(stores.clocks_agree(Walk())).state == State.GREEN


def test_a_frame_goes_through_the_layer_and_back(redis_url: str) -> None:
    assert only(stores.frames_travel(Walk())).state == State.GREEN


def test_a_message_on_a_named_channel_comes_back_and_leaves_nothing(server: redis.Redis) -> None:
    assert only(stores.work_travels(Walk())).state == State.GREEN
    assert not list(server.scan_iter("signalbox:doctor*"))
