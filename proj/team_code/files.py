"""The files of a team's code: a sum of their content, by which ./deploy/up restarts, and a cheap trace of changes."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

# Kinds of files that a running process keeps in memory: modules, templates, translations. Uploads are none of them.
LOADED_SUFFIXES = (".py", ".so", ".html", ".mo")
SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages"})
MAX_FILE_BYTES = 4 * 1024 * 1024  # larger files are data


def content_sum(folders: Iterable[str]) -> str:
    """Return a sum of the names and contents of the code's files. Equal sums: no restart is needed."""
    found = hashlib.sha256()
    for path in code_files(folders):
        try:
            content = path.read_bytes()
        except OSError:
            continue  # the doctor names unreadable files
        found.update(f"{path}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        found.update(content)
    return found.hexdigest()


def trace(folders: Iterable[str], *others: Path) -> frozenset[tuple[str, int, int]]:
    """Return names, sizes and times of the code's files and of `others`. Equal traces: nothing was written."""
    found = set()
    for path in (*code_files(folders), *others):
        try:
            status = path.stat()
        except OSError:
            continue
        found.add((str(path), status.st_size, status.st_mtime_ns))
    return frozenset(found)


def code_files(folders: Iterable[str]) -> Iterator[Path]:
    """Yield the files of the code, in a fixed order: no hidden folders, no environments, no packages of npm."""
    for top in folders:
        for folder, inner, names in os.walk(top):
            inner[:] = sorted(name for name in inner if _is_code(Path(folder, name)))
            for name in sorted(names):
                path = Path(folder, name)
                if name.endswith(LOADED_SUFFIXES) and path.is_file() and path.stat().st_size <= MAX_FILE_BYTES:
                    yield path


def _is_code(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name in SKIPPED_FOLDERS
    return not hidden and not (folder / "pyvenv.cfg").exists()
