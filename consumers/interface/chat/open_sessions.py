"""Sessions with an open page: their records say so, although such a page may send no request for hours."""

import asyncio
import random
from collections.abc import Mapping
from functools import partial

from consumers.interface.support.database import ask
from consumers.interface.transport.outlet import Outlet
from proj.accounts.models import SessionRecord
from proj.accounts.records.models import SEEN_PERIOD
from proj.accounts.records.waiting import brief_wait

SESSIONS_IN_A_STATEMENT = 500


class OpenSessions:
    """Notes that the sessions of this process's sockets are in use."""

    def __init__(self, outlets: Mapping[int, Outlet]) -> None:
        self._outlets = outlets

    async def note_periodically(self) -> None:
        """Wait, then note all sessions that have a socket. Called again and again."""
        await asyncio.sleep(SEEN_PERIOD.total_seconds() * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        await self.note()

    async def note(self) -> None:
        """Note all sessions that have a socket now."""
        keys = list({outlet.session for outlet in self._outlets.values() if outlet.session})
        for start in range(0, len(keys), SESSIONS_IN_A_STATEMENT):
            await ask(partial(note_open, keys[start : start + SESSIONS_IN_A_STATEMENT]))


def note_open(session_keys: list[str]) -> None:
    """Note in the database that these sessions have an open page."""
    with brief_wait("note which sessions have an open page"):
        SessionRecord.objects.all().see_open(session_keys)
