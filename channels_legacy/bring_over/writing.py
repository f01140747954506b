"""Write the changed import lines into their files."""

import os
import tempfile
from pathlib import Path

from channels_legacy.bring_over.report import Report


def write(report: Report) -> list[str]:
    """Write the changes of a report, one file after another, each whole or not at all; return the paths.

    Raise OSError at the first file that cannot be written: the files before it are written, and a second call
    continues with the others.
    """
    base = report.root.parent if report.root.is_file() else report.root
    for file, text in report.texts.items():
        _replace(file, text)
    return [file.relative_to(base).as_posix() for file in report.texts]


def _replace(file: Path, text: bytes) -> None:
    """Replace a file's content at once, with the mode that the file has."""
    mode = file.stat().st_mode & 0o7777
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(text)
        Path(name).chmod(mode)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
