"""Progress that a command tells on lines of its own: `::progress 40 Copying`."""

import re
import time

from proj.monotonic import NEVER
from proj.runs.output import rendering, utf8

LINE = re.compile(rb"^::progress ([0-9]{1,3})(?: ([^\r\n]*))?\r?\n", re.MULTILINE)
LONGEST = 4096  # bytes of a line
OFTEN = 0.3  # seconds between two that are told


class Progress:
    """Finds the newest progress in output that comes in pieces, and lets it out now and then."""

    def __init__(self) -> None:
        self.percent: int | None = None
        self.text = ""
        self._rest = b""
        self._new = False
        self._told = NEVER

    def feed(self, data: bytes) -> None:
        """More output."""
        text = self._rest + data
        newline = text.rfind(b"\n") + 1
        self._rest = text[newline:][:LONGEST]
        if b"::progress " not in text:
            return
        for found in LINE.finditer(text, 0, newline):
            self.percent = min(100, int(found[1]))
            self.text = rendering.plain(utf8.text(found[2] or b"")).strip()[:200]
            self._new = True

    def due(self, *, last: bool = False) -> bool:
        """Whether there is news to tell, and the last was some time ago (or no more will come)."""
        return self._new and (last or time.monotonic() - self._told >= OFTEN)

    def told(self) -> None:
        """It is in the database."""
        self._new, self._told = False, time.monotonic()
