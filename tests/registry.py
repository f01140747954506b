"""Files from packages of npm's registry, without npm: each package must have the hash that is written beside it."""

import base64
import hashlib
import io
import sys
import tarfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class NpmFile:
    """One file of one package: `member` is its path in the archive, `sha512` the archive's hash in base64."""

    package: str
    version: str
    sha512: str
    member: str

    def fetch(self, path: Path, mode: int = 0o644) -> None:
        """Put the file at `path` unless it is there. Exit with a sentence when the archive's hash is another one."""
        if path.exists():
            return
        name = f"{self.package}/-/{self.package.split('/')[-1]}-{self.version}.tgz"
        with urllib.request.urlopen(f"https://registry.npmjs.org/{name}", timeout=60) as answer:
            archive = answer.read()
        if base64.b64encode(hashlib.sha512(archive).digest()).decode() != self.sha512:
            sys.exit(f"signalbox: {name} of the npm registry does not have the expected hash")
        with tarfile.open(fileobj=io.BytesIO(archive)) as package:
            member = package.extractfile(self.member)
            assert member is not None
            fresh = path.with_suffix(".new")
            fresh.write_bytes(member.read())
        fresh.chmod(mode)
        fresh.replace(path)
