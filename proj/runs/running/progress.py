"""Progress that a command reports on lines of its own: `::progress 40 Copying`."""

import re
import time

from proj.monotonic import NEVER
from proj.runs.output import decoding, rendering

PROGRESS_LINE = re.compile(rb"^::progress ([0-9]{1,3})(?: ([^\r\n]*))?\r?\n", re.MULTILINE)
MAX_PROGRESS_LINE_BYTES = 4096
MAX_TEXT_CHARACTERS = 200
PERIOD_SECONDS = 0.3  # between two that are stored


class Progress:
    """Finds the newest progress in output that arrives in pieces, and limits how often it is stored."""

    def __init__(self, encoding: str = decoding.UTF_8) -> None:
        self._encoding = encoding
        self.percent: int | None = None
        self.text = ""
        self._unfinished_line = b""
        self._new = False
        self._stored_at = NEVER

    def feed(self, data: bytes) -> None:
        """Search more output for progress."""
        text = self._unfinished_line + data
        newline = text.rfind(b"\n") + 1
        self._unfinished_line = text[newline:][:MAX_PROGRESS_LINE_BYTES]
        if b"::progress " not in text:
            return
        for found in PROGRESS_LINE.finditer(text, 0, newline):
            self.percent = min(100, int(found[1]))
            self.text = rendering.plain(decoding.text(found[2] or b"", self._encoding)).strip()[:MAX_TEXT_CHARACTERS]
            self._new = True

    def due(self, *, final: bool = False) -> bool:
        """Return whether there is progress to store; less often than every period only when it is the `final` one."""
        return self._new and (final or time.monotonic() - self._stored_at >= PERIOD_SECONDS)

    def stored(self) -> None:
        """Note that the newest progress is in the database."""
        self._new, self._stored_at = False, time.monotonic()
