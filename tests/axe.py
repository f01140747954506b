"""Fetches axe-core, which finds obstacles for people with other senses and hands, into the environment.

Run by tests/run. Only Python is needed: the package comes from npm's registry, and must have this very hash.
"""

import base64
import hashlib
import io
import sys
import tarfile
import urllib.request
from pathlib import Path

VERSION = "4.14.1"
ADDRESS = f"https://registry.npmjs.org/axe-core/-/axe-core-{VERSION}.tgz"
SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
MEMBER = "package/axe.min.js"
SCRIPT = Path(sys.prefix) / f"axe-core-{VERSION}.js"


def fetch() -> None:
    """Download axe-core to SCRIPT, unless it is there. Exits with a sentence when its checksum is wrong."""
    if SCRIPT.exists():
        return
    with urllib.request.urlopen(ADDRESS, timeout=60) as answer:
        package = answer.read()
    if base64.b64encode(hashlib.sha512(package).digest()).decode() != SHA512:
        sys.exit(f"signalbox: {ADDRESS} is not the package that it was")
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        member = archive.extractfile(MEMBER)
        assert member is not None
        fresh = SCRIPT.with_suffix(".new")
        fresh.write_bytes(member.read())
    fresh.replace(SCRIPT)


if __name__ == "__main__":
    fetch()
