"""The changes of access in the database, as one interface process reads them: each once, in any order of commits."""

import time

from proj.accounts.access import EVERYBODY, changes_after

COMMIT_SECONDS = 60.0  # in which a change with a lower number may still be committed after one with a higher number


class AccessChanges:
    """Reads the changes that are new since the last read.

    A database gives numbers out before the commit: change 6 may be there before change 5. So the newest changes are
    read again for COMMIT_SECONDS, and the known ones are left out.
    """

    def __init__(self) -> None:
        self._floor = 0  # the number up to which all changes are known
        self._started = False
        self._found_at: dict[int, float] = {}  # by number above the floor: monotonic seconds

    def read(self) -> set[int]:
        """Return the ids of the people whose access has changed; EVERYBODY among them: of anybody.

        The first read cannot say whose access changed since the first socket was admitted. Runs on a database thread.
        """
        now = time.monotonic()
        changes = changes_after(self._floor)
        fresh = {user for number, user in changes if number not in self._found_at}
        for number, _ in changes:
            self._found_at.setdefault(number, now)
        old = [number for number, at in self._found_at.items() if at < now - COMMIT_SECONDS]
        if old:
            self._floor = max(old)
            self._found_at = {number: at for number, at in self._found_at.items() if number > self._floor}
        started, self._started = self._started, True
        return fresh if started else {EVERYBODY}
