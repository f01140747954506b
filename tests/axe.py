"""Fetch axe-core, which checks pages for accessibility, into the environment. tests/run runs this module."""

import sys
from pathlib import Path

from tests.registry import NpmFile

PACKAGE = NpmFile(
    package="axe-core",
    version="4.14.1",
    sha512="FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    member="package/axe.min.js",
)
SCRIPT = Path(sys.prefix) / f"axe-core-{PACKAGE.version}.js"

if __name__ == "__main__":
    PACKAGE.fetch(SCRIPT)
