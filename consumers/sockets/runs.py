"""`/ws/runs/<id>/` shows one run; `/ws/deploy/<service>/` the newest run of a service. docs/protocol.md says how."""

import asyncio
import logging
import time
from functools import partial
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.db import Error as DatabaseError

from consumers.interface.feeds import viewing
from consumers.interface.feeds.watching import REST, Watcher, Watching
from consumers.interface.process import interface
from consumers.interface.support.database import ask
from consumers.sockets.door import Refused, signed_out
from consumers.sockets.listening import PROTOCOL, ListeningSocket
from proj.accounts.models import User
from proj.accounts.sessions import person_of
from proj.layer.messages import RunState, ServiceLine
from proj.runs.models import Run, Service
from proj.runs.states import ENDED, State

logger = logging.getLogger(__name__)

LARGEST_OFFSET = 10**15


class WatchSocket(ListeningSocket):
    """A browser that watches runs. Where it begins is in its address."""

    watcher: Watcher
    watching: Watching
    uid = ""  # of the service whose runs it hears of

    async def come_in(self, key: str) -> None:
        user, service, run = await ask(partial(self.admit, key, self.scope["url_route"]["kwargs"]))
        await self.accept()
        self.outlet.user_id, self.outlet.session, self.outlet.service = user.pk, key, service.pk
        mailbox = interface().mailbox
        mailbox.look_after(self.outlet)
        self.watcher, self.watching = Watcher(self.outlet), mailbox.watching
        self.outlet.tell(type="welcome", protocol=PROTOCOL, service=service.uid, you=user.username)
        try:
            await self.begin(service, run)
        except Run.DoesNotExist:
            raise _no_such_run() from None

    def admit(self, key: str, where: dict[str, Any]) -> tuple[User, Service, Run | None]:
        """Who comes, and what is shown. Raises Refused."""
        raise NotImplementedError

    async def begin(self, service: Service, run: Run | None) -> None:
        """Show it."""
        raise NotImplementedError

    def held(self, run: UUID) -> int | None:
        """How many bytes of this run the page has already, as its address says; None when it does not."""
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        offset, named = query.get("offset", [""])[0], query.get("run", [str(run)])[0]
        good = offset.isascii() and offset.isdigit() and len(offset) < len(str(LARGEST_OFFSET))
        return int(offset) if good and named == str(run) else None

    async def gone(self) -> None:
        if self.accepted and self.outlet.session:
            self.watcher.gone = True
            self.watching.leave(self.watcher)
            interface().mailbox.leave(self.outlet)


class RunSocket(WatchSocket):
    """One run."""

    def admit(self, key: str, where: dict[str, Any]) -> tuple[User, Service, Run | None]:
        user = _signed_in(key)
        run = Run.objects.for_viewers(user).select_related("service").filter(pk=where["id"]).first()
        if run is None:
            raise _no_such_run()
        return user, run.service, run

    async def begin(self, service: Service, run: Run | None) -> None:
        assert run is not None  # noqa: S101 - admit() has found it
        await self.watching.follow(self.watcher, str(run.pk), self.held(run.pk))


class ServiceSocket(WatchSocket):
    """A service's newest run, and the next one when it starts."""

    def admit(self, key: str, where: dict[str, Any]) -> tuple[User, Service, Run | None]:
        user = _signed_in(key)
        service = Service.objects.for_viewers(user).filter(uid=where["uid"]).first()
        if service is None:
            raise Refused(4404, "no_such_service", "There is no such service.")
        return user, service, None

    async def begin(self, service: Service, run: Run | None) -> None:
        self.shown: dict[str, Any] = {}  # the state of the run that is shown, or is about to be
        self.waits: dict[str, Any] = {}  # the state of the newest run of which it was told that it waits
        self.turn = asyncio.Lock()
        self.uid = service.uid
        await self.watching.listen(service.uid, self._told)
        first, *behind = await ask(partial(viewing.shown_first, service.uid)) or [{}]
        if not first and not self.shown:
            self.outlet.tell(type="idle", service=service.uid)
        elif first and viewing.takes_over(first, self.shown):
            self.shown = first
            await self.watching.follow(self.watcher, first["run"], self.held(UUID(first["run"])))
        for state in behind:
            self._wait(state)

    def _told(self, message: RunState | ServiceLine) -> None:
        if isinstance(message, ServiceLine):
            self.outlet.tell(type="line", text=message.text)
            return
        state = message.state
        if state["run"] == self.shown.get("run"):
            if not viewing.older(state, self.shown):
                self.shown = state
        elif viewing.takes_over(state, self.shown):
            self.shown = state
            interface().mailbox.tasks.spawn(self._switch(state["run"]))
        else:
            self._wait(state)

    def _wait(self, state: dict[str, Any]) -> None:
        """Say that a run waits behind the one that is shown; or that it was canceled, when that was said before."""
        if state["run"] == self.shown["run"]:
            return
        known = self.waits.get("run") == state["run"]
        if state["state"] == State.QUEUED and not known and state["number"] > self.waits.get("number", 0):
            self.waits = state
        elif known and state["state"] in ENDED:
            self.waits = {"number": state["number"]}
        else:
            return
        self.outlet.tell(type="queued", run=state)

    async def _switch(self, id: str) -> None:
        """Go over to this run, when all of those before it that have come and gone was shown."""
        came = time.monotonic()
        async with self.turn:
            if self.shown["run"] != id and time.monotonic() - came > REST:
                return  # they come faster than they can be shown
            try:
                await self.watching.rest(self.watcher)
                await self.watching.follow(self.watcher, id, 0, switched=True)
            except (DatabaseError, Run.DoesNotExist) as error:
                logger.warning("a socket cannot go over to run %s: %r", id, error)
                self.outlet.line.close(1013)

    async def gone(self) -> None:
        if self.uid:
            self.watching.unlisten(self.uid, self._told)
        await super().gone()


def _signed_in(key: str) -> User:
    user = person_of(key)
    if user is None:
        raise signed_out()
    return user


def _no_such_run() -> Refused:
    return Refused(4404, "no_such_run", "There is no such run.")
