"""Who may stay: open sockets are closed when their people sign out or lose a room, and after some hours anyway."""

import asyncio
import random
import time
from collections.abc import Mapping
from functools import partial

from django.conf import settings

from consumers.interface.feeds import reading
from consumers.interface.support.database import ask
from consumers.interface.transport.outlet import Outlet
from proj.accounts.access import EVERYBODY

SETTLING = 0.5  # seconds between the word that access changes and the look: signing out tells just before it is done
RECHECK = 60.0  # seconds between two looks at everybody
PORTION = 500  # people asked about at once


class Stay:
    """Looks at the access of those who have sockets in this process."""

    def __init__(self, outlets: Mapping[int, Outlet]) -> None:
        self._outlets = outlets

    async def look(self) -> None:
        """Check everybody's access now and then: the word of a change may have been lost."""
        period = min(RECHECK, settings.SOCKET_HOURS * 3600)
        await asyncio.sleep(period * random.uniform(0.5, 1.0))  # noqa: S311 - so that processes do not ask together
        self.end_old(time.monotonic())
        await self._recheck(list(self._outlets.values()))

    def end_old(self, now: float) -> None:
        """Ask those who have been here for hours to come again: nothing then depends on what was true so long ago."""
        for outlet in list(self._outlets.values()):
            if now > outlet.until:
                outlet.line.close(1012, "retry_after=0")

    async def changed(self, user_id: int) -> None:
        """What this person may do has changed (EVERYBODY: what anyone may do)."""
        await asyncio.sleep(SETTLING)
        await self._recheck([one for one in self._outlets.values() if user_id in (EVERYBODY, one.user_id)])

    async def _recheck(self, outlets: list[Outlet]) -> None:
        """Close the sockets of those who are signed out, or may no longer be where they are."""
        for start in range(0, len(outlets), PORTION):
            some = outlets[start : start + PORTION]
            stays = [reading.Stays(one.session, one.user_id, one.room, one.service) for one in some]
            allowed = await ask(partial(reading.allowed, stays))
            for outlet, (signed_in, may_stay) in zip(some, allowed, strict=True):
                if not signed_in:
                    outlet.tell(type="error", code="signed_out", detail="You were signed out.")
                    outlet.line.close(4401)
                elif not may_stay:
                    outlet.tell(type="error", code="no_access", detail="You have no access here any more.")
                    outlet.line.close(4403)
