"""deploy/backup and deploy/restore, on a database during writes."""

import contextlib
import io
import sqlite3
import stat
import tarfile
import threading
from pathlib import Path

import pytest

from deploy import snapshot


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "var" / "run").mkdir(parents=True)
    (tmp_path / "var" / "media" / "a").mkdir(parents=True)
    (tmp_path / "var" / "media" / "a" / "file.txt").write_text("uploaded")
    with contextlib.closing(sqlite3.connect(tmp_path / "var" / "db.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE django_migrations (id)")
        database.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, pair INTEGER)")
        database.commit()
    return tmp_path.resolve()


def count(file: Path) -> int:
    with contextlib.closing(sqlite3.connect(file)) as database:
        return int(database.execute("SELECT count(*) FROM message").fetchone()[0])


def test_there_and_back(root: Path) -> None:
    database, media, archive = root / "var/db.sqlite3", root / "var/media", root / "one.tar.gz"
    stop = threading.Event()

    def write() -> None:
        with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
            while not stop.is_set():  # two rows in each transaction: a torn copy would hold an odd number
                connection.execute("INSERT INTO message (pair) VALUES (1), (2)")
                connection.commit()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while count(database) < 200:
            pass
        snapshot.backup(archive, database, media)
    finally:
        stop.set()
        writer.join()
    (media / "a" / "file.txt").write_text("changed")
    later = count(database)

    aside = snapshot.restore(root, archive, database, media)

    assert count(database) % 2 == 0
    assert 200 <= count(database) <= later
    assert (media / "a" / "file.txt").read_text() == "uploaded"
    assert count(aside / "db.sqlite3") == later
    assert (aside / "media" / "a" / "file.txt").read_text() == "changed"
    assert stat.S_IMODE(archive.stat().st_mode) & 0o077 == 0


def test_an_archive_is_not_overwritten(root: Path) -> None:
    (root / "one.tar.gz").write_text("precious")

    with pytest.raises(SystemExit, match="exists already"):
        snapshot.backup(root / "one.tar.gz", root / "var/db.sqlite3", root / "var/media")

    assert (root / "one.tar.gz").read_text() == "precious"


def test_what_is_no_backup_is_refused_and_changes_nothing(root: Path) -> None:
    (root / "bad.tar.gz").write_bytes(b"not a tar")

    with pytest.raises(SystemExit, match="is not a whole backup"):
        snapshot.restore(root, root / "bad.tar.gz", root / "var/db.sqlite3", root / "var/media")

    assert count(root / "var/db.sqlite3") == 0


@pytest.mark.parametrize("name", ["../evil", "media/../../evil", "/etc/evil", "other"])
def test_an_archive_cannot_write_elsewhere(root: Path, name: str) -> None:
    with tarfile.open(root / "evil.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = 4
        tar.addfile(member, io.BytesIO(b"evil"))

    with pytest.raises(SystemExit, match="unexpected member"):
        snapshot.restore(root, root / "evil.tar.gz", root / "var/db.sqlite3", root / "var/media")

    assert not (root.parent / "evil").exists()
