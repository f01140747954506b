"""The packages of a team's code: a file for pip, beside Signalbox's own pinned packages."""

import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

PIN = re.compile(r"([\w.-]+)[^=]*==([^\s;\\]+)")
INCLUDED = re.compile(r"^\s*(?:-r|-c|--requirement|--constraint)[\s=]+(\S+)", re.MULTILINE)


def installed_packages() -> Path:
    """Return the file that ./deploy/up writes after it has installed the packages. It holds their sum."""
    return Path(sys.prefix) / "installed-channels1"


def pinned(base: Path) -> str:
    """Return requirements.txt as constraints for pip: names and versions. Its hashes would demand hashes of all."""
    lines = (base / "requirements.txt").read_text().splitlines()
    return "".join(f"{match[1]}=={match[2]}\n" for line in lines if (match := PIN.match(line)))


def wanted_sum(file: Path, base: Path) -> str:
    """Return a sum of the file, of the files that it includes, and of our own pins. Raise OSError without the file."""
    contents = [pinned(base).encode(), *(path.read_bytes() for path in _with_included(file, set()))]
    return hashlib.sha256(b"\0".join([str(file).encode(), *contents])).hexdigest()


def _with_included(file: Path, seen: set[Path]) -> Iterator[Path]:
    if file in seen:
        return
    seen.add(file)
    yield file
    for match in INCLUDED.finditer(file.read_text(errors="replace")):
        if (file.parent / match[1]).is_file():
            yield from _with_included(file.parent / match[1], seen)
