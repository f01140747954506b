"""Fixtures of all tests: real Redis on a socket of its own, a database file, the cast, and the whole stack."""

import math
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import pytest

if TYPE_CHECKING:
    from proj.accounts.models import User
    from tests.system.stack import Stack

# Sockets have short names, so everything lies in a short temporary folder; the settings read these at import.
_folder = Path(tempfile.mkdtemp(prefix="sb-"))
os.environ["DJANGO_SETTINGS_MODULE"] = "proj.settings"
os.environ["SIGNALBOX_SECRET_KEY"] = secrets.token_urlsafe(60)
os.environ["REDIS_URL"] = f"unix://{_folder}/redis.sock"
os.environ["SIGNALBOX_URLS"] = "http://127.0.0.1:8080,http://localhost:8080"
_own_database = "DATABASE_URL" not in os.environ
os.environ.setdefault("DATABASE_URL", f"sqlite:///{_folder}/signalbox.sqlite3")

django.setup()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Remove the variables set above: each test process that xdist is about to start sets its own."""
    for name in ("DJANGO_SETTINGS_MODULE", "SIGNALBOX_SECRET_KEY", "REDIS_URL", "SIGNALBOX_URLS"):
        del os.environ[name]
    if _own_database:
        del os.environ["DATABASE_URL"]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin in the language of the settings, and without a connection where the test may not use the database.

    A test before may have left both behind: a page in another language, and a connection that is still open. The end of
    a consumer asks an open connection for its state, which a test without a database refuses.
    """
    from django.db import connections
    from django.utils import translation

    translation.deactivate()
    uses_database = item.get_closest_marker("django_db") or "db" in getattr(item, "fixturenames", ())
    if not uses_database and not item.getparent(pytest.Class):  # a TestCase has one transaction for all its tests
        connections.close_all()


@pytest.fixture(scope="session", autouse=True)
def redis_url() -> Iterator[str]:
    """A real redis-server (or valkey-server) for the tests of this run."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    assert program, "the tests need redis-server or valkey-server: ./tests/run installs it"
    path = _folder / "redis.sock"
    command = [program, "--port", "0", "--unixsocket", str(path), "--save", "", "--maxmemory-policy", "noeviction"]
    with (_folder / "redis.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=_folder)
    wait_for(lambda: _listens(path))
    yield os.environ["REDIS_URL"]
    server.terminate()
    server.wait(10)
    shutil.rmtree(_folder, ignore_errors=True)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as trial:
        return trial.connect_ex(str(path)) == 0


def wait_for(condition: Callable[[], object], seconds: float = 20.0, what: str = "") -> None:
    """Wait until `condition()` is true; fail the test when it is not within `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what or condition}"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    """Serve static files from the tree and hash passwords cheaply; the tests of the stack use the real settings."""
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _no_keywords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no keywords: at a moment that depends on the clock, that would be one query more."""
    from proj.rooms.log import keywords

    monkeypatch.setattr(keywords.cache, "keywords", keywords.Keywords(()))
    monkeypatch.setattr(keywords.cache, "read_at", math.inf)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Extend pytest-django's fixture: PostgreSQL drops no database while threads of sockets keep connections to it."""
    yield
    from django.db import connection

    if connection.vendor == "postgresql":
        others = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
        )
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            cursor.execute(others, cursor.fetchone())


@pytest.fixture
def alice(db: None) -> "User":
    return _person("alice")


@pytest.fixture
def bob(db: None) -> "User":
    return _person("bob")


@pytest.fixture
def charlie(db: None) -> "User":
    return _person("charlie")


def _person(name: str) -> "User":
    from proj.accounts.models import User

    return User.objects.create_user(name, password=f"{name}'s long passphrase")


@pytest.fixture(scope="session")
def stack() -> Iterator["Stack"]:
    """The whole stack, brought up by ./deploy/up from a copy of this checkout: real processes, one for the session."""
    from tests.system.stack import Stack

    running = Stack()
    running.start()
    yield running
    running.stop()
