"""Backup and restore: `python -m deploy.snapshot backup|restore FILE`. deploy/backup and deploy/restore call it.

An archive is a gzipped tar with `signalbox.sqlite3` and `media/...`. The settings with their secret key are not in it.
"""

import contextlib
import shutil
import sqlite3
import sys
import tarfile
import tempfile
import time
from pathlib import Path, PurePosixPath
from typing import NoReturn

from deploy import takeover

DATABASE = "signalbox.sqlite3"
MEDIA = "media"


def refuse(sentence: str) -> NoReturn:
    sys.exit(f"signalbox: {sentence}")


def check(database: Path) -> None:
    """Raise sqlite3.DatabaseError unless this file is an intact database of Signalbox."""
    with contextlib.closing(sqlite3.connect(database)) as copy:
        answer = copy.execute("PRAGMA quick_check").fetchone()[0]
        if answer != "ok":
            raise sqlite3.DatabaseError(answer)
        copy.execute("SELECT 1 FROM django_migrations LIMIT 1")


def copy_database(database: Path, target: Path) -> None:
    """Copy the database as of one moment, during writes as well, into one file without a write-ahead log."""
    with (
        contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as source,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def backup(file: Path, database: Path, media: Path) -> None:
    """Write the archive; it gets its name only when it is complete and its database is checked."""
    if file.exists():
        refuse(f"{file} exists already; choose another name")
    if not database.exists():
        refuse(f"there is no database at {database}")
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent) as folder:
        copy, archive = Path(folder, DATABASE), Path(folder, "archive")
        copy_database(database, copy)
        check(copy)
        with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
            tar.add(copy, DATABASE)
            if media.is_dir():
                tar.add(media, MEDIA)
        archive.chmod(0o600)
        archive.rename(file)


def unpack(file: Path, folder: Path) -> None:
    """Extract regular files only, and only into `folder`. Raise TarError for any other member."""
    with tarfile.open(file, "r:gz") as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            known = member.name == DATABASE or path.parts[:1] == (MEDIA,)
            if member.isdir() and known and ".." not in path.parts:
                Path(folder, path).mkdir(parents=True, exist_ok=True)
            elif member.isfile() and known and ".." not in path.parts:
                source = tar.extractfile(member)
                Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
                if source:
                    with Path(folder, path).open("wb") as target:
                        shutil.copyfileobj(source, target)
            else:
                raise tarfile.TarError(f"unexpected member {member.name}")


def running(root: Path) -> bool:
    return bool(takeover.supervisor(root)) or any(takeover.ours(root, name) for name in takeover.names(root))


def restore(root: Path, file: Path, database: Path, media: Path) -> Path:
    """Replace database and media by the archive's. Return the folder that holds the former files."""
    if running(root):
        refuse("Signalbox is running; stop it first: ./deploy/down")
    aside = database.parent / time.strftime("before-restore-%Y%m%d-%H%M%S", time.gmtime())
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=database.parent) as folder:
        try:
            unpack(file, Path(folder))
            check(Path(folder, DATABASE))
        except (OSError, tarfile.TarError, sqlite3.DatabaseError, EOFError) as error:
            refuse(f"{file} is not a whole backup of Signalbox: {error}")
        aside.mkdir()
        for old in (database, Path(f"{database}-wal"), Path(f"{database}-shm"), media):
            if old.exists():
                old.rename(aside / old.name)
        Path(folder, DATABASE).rename(database)
        Path(folder, MEDIA).mkdir(exist_ok=True)
        Path(folder, MEDIA).rename(media)
    return aside


def main() -> None:
    from proj import settings

    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3"):
        refuse(
            "the database is PostgreSQL: use pg_dump and pg_restore, then manage.py newepoch "
            "and manage.py cancelqueued; copy var/media beside it"
        )
    verb, file, path = sys.argv[1], Path(sys.argv[2]), Path(database["NAME"])
    if verb == "backup":
        backup(file, path, settings.MEDIA_ROOT)
        sys.stdout.write(f"{file}: {file.stat().st_size:,} bytes\n")
    else:
        aside = restore(takeover.ROOT, file, path, settings.MEDIA_ROOT)
        sys.stdout.write(f"The former database and files are in {aside}\n")


if __name__ == "__main__":
    main()
