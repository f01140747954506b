"""Access of open sockets: they are closed when their person signs out or loses the room, and after some hours."""

import asyncio
import random
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from django.conf import settings

from consumers.interface.chat.access_changes import AccessChanges
from consumers.interface.support.database import ask
from consumers.interface.transport.outlet import Outlet
from proj.accounts.access import EVERYBODY
from proj.accounts.sessions import people_of
from proj.rooms.models import Membership, Room
from proj.runs.models import Service

POLL_SECONDS = 3.0  # between two polls for changes of access: a lost message costs no more than that
CHECK_DELAY_SECONDS = 0.5  # after the message of a change: a socket may just come in by the door
RECHECK_SECONDS = 60.0  # between two checks of all sockets: sessions end by age, too
BATCH_SOCKETS = 500  # checked by one read of the database
CLOSE_SIGNED_OUT = 4401
CLOSE_NO_ACCESS = 4403
CLOSE_SERVICE_RESTART = 1012


class Visit(NamedTuple):
    """An open socket: its session, its person, and the room or the service that it shows (0: none)."""

    session: str
    user: int
    room: int
    service: int


class Access(NamedTuple):
    """The rights of an open socket: whether its session still is the person's, and whether the place is allowed."""

    signed_in: bool
    allowed: bool


class AccessChecks:
    """Checks the sockets of this process, and closes those that have lost their access."""

    def __init__(self, outlets: Mapping[int, Outlet]) -> None:
        self._outlets = outlets
        self._changes = AccessChanges()
        self._poll_now = asyncio.Event()
        self._poll_now.set()
        self._due: set[int] = set()  # ids of people whose sockets are to be checked
        self._checked: set[int] = set()  # ids of people whose sockets the last poll has checked

    async def poll(self) -> None:
        """Wait, then check the sockets of the people whose access has changed. Called again and again."""
        try:
            async with asyncio.timeout(POLL_SECONDS * random.uniform(0.8, 1.0)):  # noqa: S311 - jitter
                await self._poll_now.wait()
        except TimeoutError:
            pass
        self._poll_now.clear()
        try:
            self._due |= await ask(self._changes.read)
            # Twice: a socket that was admitted before the change may not have been registered at the first check.
            await self._check_people(self._due | self._checked)
        except Exception:
            self._poll_now.set()
            raise
        self._checked, self._due = self._due, set()

    def poll_soon(self) -> None:
        """Look for changes now: messages about them may have been lost."""
        self._poll_now.set()

    async def check_periodically(self) -> None:
        """Wait, then close old sockets and check all others. Called again and again."""
        period = min(RECHECK_SECONDS, settings.SOCKET_HOURS * 3600)
        await asyncio.sleep(period * random.uniform(0.5, 1.0))  # noqa: S311 - processes do not ask together
        self.close_expired(time.monotonic())
        await self.check(list(self._outlets.values()))

    def close_expired(self, now: float) -> None:
        """Ask the browsers of sockets that are hours old to come again: access is then checked at the door."""
        for outlet in list(self._outlets.values()):
            if now > outlet.expires_at:
                outlet.line.close(CLOSE_SERVICE_RESTART, "retry_after=0")

    async def changed(self, user_id: int) -> None:
        """Check the sockets of a person after a change of rights (EVERYBODY: all sockets)."""
        await asyncio.sleep(CHECK_DELAY_SECONDS)
        await self._check_people({user_id})

    async def _check_people(self, people: Collection[int]) -> None:
        if people:
            everybody = EVERYBODY in people
            await self.check([one for one in self._outlets.values() if everybody or one.user_id in people])

    async def check(self, outlets: Sequence[Outlet]) -> None:
        """Close the sockets among these that have lost their access. A socket of nobody has none to lose."""
        of_people = [one for one in outlets if one.user_id]
        for start in range(0, len(of_people), BATCH_SOCKETS):
            batch = of_people[start : start + BATCH_SOCKETS]
            visits = [Visit(one.session, one.user_id, one.room, one.service) for one in batch]
            for outlet, access in zip(batch, await ask(partial(access_of, visits)), strict=True):
                if not access.signed_in:
                    outlet.send(type="error", code="signed_out", detail="You were signed out.")
                    outlet.line.close(CLOSE_SIGNED_OUT)
                elif not access.allowed:
                    outlet.send(type="error", code="no_access", detail="You have no access here any more.")
                    outlet.line.close(CLOSE_NO_ACCESS)


def access_of(visits: Iterable[Visit]) -> list[Access]:
    """Read the rights of open sockets, in their order: with a few queries, however many sockets there are."""
    visits = list(visits)
    signed_in = people_of({one.session for one in visits})
    rooms = Room.objects.in_bulk({one.room for one in visits if one.room})
    closed = [id for id, room in rooms.items() if room.for_members]
    members = set(Membership.objects.filter(room__in=closed).values_list("room", "user")) if closed else set()
    viewers = {one.session for one in visits if one.service} & signed_in.keys()
    watched = Service.objects.filter(pk__in={one.service for one in visits if one.service})
    viewable = watched.viewable_by({signed_in[session] for session in viewers}) if viewers else set()
    answers = []
    for one in visits:
        person = signed_in.get(one.session)
        if one.service:
            allowed = (one.service, one.user) in viewable
        elif one.room:
            room = rooms.get(one.room)
            allowed = (room is not None and not room.for_members) or (one.room, one.user) in members
        else:
            allowed = True
        answers.append(Access(person is not None and person.pk == one.user, allowed))
    return answers
