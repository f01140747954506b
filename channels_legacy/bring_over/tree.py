"""The files of a tree, within bounds: a wrong path (a home directory, a file system's root) ends soon."""

import os
from collections.abc import Iterator
from pathlib import Path

from channels_legacy.bring_over.names import words

MAX_TREE_FILES = 20_000
MAX_SOURCE_BYTES = 1 << 20
PASSED_OVER = words(
    ".git .hg .svn .tox .nox .venv venv virtualenv node_modules bower_components __pycache__ site-packages "
    "dist-packages .mypy_cache .eggs"
)


class Unreadable(Exception):
    """The path does not exist, is no folder or Python file, or may not be read."""


def files(root: Path) -> Iterator[Path]:
    """Yield the regular files below `root`, sorted by folder; raise Unreadable when `root` cannot be read.

    Symbolic links below `root` are not followed: they would lead out of the tree, or around in a circle.
    Virtual environments and folders of tools are passed over.
    """
    try:
        if root.is_file():
            root.open("rb").close()
            yield root
            return
        with os.scandir(root):
            pass
    except OSError as error:
        raise Unreadable(f"cannot read {root}: {error.strerror}") from None
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if name not in PASSED_OVER and not _environment(Path(folder, name)))
        for name in sorted(names):
            path = Path(folder, name)
            if not path.is_symlink() and path.is_file():
                yield path


def _environment(folder: Path) -> bool:
    """Return whether a folder is a virtual environment, whatever its name."""
    try:
        return (folder / "pyvenv.cfg").exists()
    except OSError:
        return False
