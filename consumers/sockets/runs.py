"""`/ws/runs/<id>/` shows a run; `/ws/deploy/<service>/` the newest run of a service. Specified in docs/protocol.md."""

import asyncio
import logging
import time
from functools import partial
from typing import TypedDict, cast
from urllib.parse import parse_qs
from uuid import UUID

from django.db import Error as DatabaseError

from consumers.interface.feeds.feed import Follower
from consumers.interface.feeds.runs import END_SECONDS, is_older
from consumers.interface.feeds.services import ServiceMessage, first_shown, takes_over
from consumers.interface.feeds.stream import StreamGone
from consumers.interface.process import Interface, interface
from consumers.interface.support.database import ask
from consumers.sockets.base import CLOSE_TRY_AGAIN_LATER, PROTOCOL
from consumers.sockets.door import Refused, signed_out
from consumers.sockets.listening import ListeningSocket
from proj.accounts.models import User
from proj.accounts.sessions import person_of
from proj.layer.messages import ServiceLine
from proj.runs.models import Run, Service
from proj.runs.publishing.frames import RunState
from proj.runs.states import ENDED, State

logger = logging.getLogger(__name__)

MAX_OFFSET = 10**15


class Address(TypedDict, total=False):
    """The parts of a socket's address: the id of a run, or the uid of a service."""

    id: UUID
    uid: str


class ViewerSocket(ListeningSocket):
    """A browser that watches runs. Its address says where it begins."""

    interface: Interface
    follower: Follower | None = None  # of the run that is shown
    registered = False
    disconnecting = False

    async def enter(self, session: str) -> None:
        user, service, run = await ask(partial(self.admit, session, self.scope["url_route"]["kwargs"]))
        await self.accept()
        self.outlet.user_id, self.outlet.session, self.outlet.service = user.pk, session, service.pk
        self.interface = interface()
        self.interface.register(self.outlet)
        self.registered = True
        self.outlet.send(type="welcome", protocol=PROTOCOL, service=service.uid, you=user.username)
        try:
            await self.begin(service, run)
        except StreamGone:
            raise _no_such_run() from None

    def admit(self, session: str, address: Address) -> tuple[User, Service, Run | None]:
        """Return the person, and the service and run of the address. Runs on a database thread. Raises Refused."""
        raise NotImplementedError

    async def begin(self, service: Service, run: Run | None) -> None:
        """Show the run, or the runs of the service. Raises StreamGone."""
        raise NotImplementedError

    async def show(self, run: str, offset: int | None, *, switched: bool = False) -> None:
        """Show this run from `offset` on (None: its last part), and no other. Raises StreamGone."""
        if self.follower is not None:
            self.interface.leave_run(self.follower)
        if not self.disconnecting:
            self.follower = Follower(self.outlet)
            await self.interface.view_run(run, self.follower, offset, switched=switched)

    def start_offset(self, run: UUID) -> int | None:
        """Return how many bytes of this run the page has already, as its address says; None when it does not say."""
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        offset, named = query.get("offset", [""])[0], query.get("run", [str(run)])[0]
        valid = offset.isascii() and offset.isdigit() and len(offset) < len(str(MAX_OFFSET))
        return int(offset) if valid and named == str(run) else None

    async def disconnected(self) -> None:
        self.disconnecting = True
        if self.follower is not None:
            self.interface.leave_run(self.follower)
        if self.registered:
            self.interface.unregister(self.outlet)


class RunSocket(ViewerSocket):
    """A socket that shows one run."""

    def admit(self, session: str, address: Address) -> tuple[User, Service, Run | None]:
        user = _person(session)
        run = Run.objects.for_viewers(user).select_related("service").filter(pk=address["id"]).first()
        if run is None:
            raise _no_such_run()
        return user, run.service, run

    async def begin(self, service: Service, run: Run | None) -> None:
        assert run is not None  # noqa: S101 - admit() has found it
        await self.show(str(run.pk), self.start_offset(run.pk))


class ServiceSocket(ViewerSocket):
    """A socket that shows the newest run of a service, and goes over to the next one when that starts."""

    service_uid = ""  # of the service that it subscribed to

    def admit(self, session: str, address: Address) -> tuple[User, Service, Run | None]:
        user = _person(session)
        service = Service.objects.for_viewers(user).filter(uid=address["uid"]).first()
        if service is None:
            raise Refused(4404, "no_such_service", "There is no such service.")
        return user, service, None

    async def begin(self, service: Service, run: Run | None) -> None:
        self.shown: RunState | None = None  # the state of the run that is shown, or is about to be
        self.queued_run = ""  # the run of the last `queued` frame, until the run's end was sent
        self.queued_number = 0  # the number of that run
        self.switching = asyncio.Lock()
        self.service_uid = service.uid
        await self.interface.subscribe_to_service(service.uid, self.update)
        states = await ask(partial(first_shown, service.uid))
        if not states and self.shown is None:
            self.outlet.send(type="idle", service=service.uid)
        elif states and takes_over(states[0], self.shown):
            self.shown = states[0]
            await self.show(self.shown["run"], self.start_offset(UUID(self.shown["run"])))
        for state in states[1:]:
            self._send_queued(state)

    def update(self, message: ServiceMessage) -> None:
        """Take a state of one of the service's runs, or a line."""
        if isinstance(message, ServiceLine):
            self.outlet.send(type="line", text=message.text)
            return
        state = cast(RunState, message.state)
        if self.shown is not None and state["run"] == self.shown["run"]:
            if not is_older(state, self.shown):
                self.shown = state
        elif takes_over(state, self.shown):
            self.shown = state
            self.interface.spawn(self._switch(state["run"]))
        else:
            self._send_queued(state)

    def _send_queued(self, state: RunState) -> None:
        """Send that a run is queued behind the shown one; or that it ended, when `queued` was sent for it before."""
        if self.shown is None or state["run"] == self.shown["run"]:
            return
        known = self.queued_run == state["run"]
        if state["state"] == State.QUEUED and not known and state["number"] > self.queued_number:
            self.queued_run, self.queued_number = state["run"], state["number"]
        elif known and state["state"] in ENDED:
            self.queued_run = ""
        else:
            return
        self.outlet.send(type="queued", run=state)

    async def _switch(self, run: str) -> None:
        """Show this run, after the end of every run before it was shown."""
        requested_at = time.monotonic()
        async with self.switching:
            if self.shown is not None and self.shown["run"] != run and time.monotonic() - requested_at > END_SECONDS:
                return  # runs start faster than they can be shown
            try:
                if self.follower is not None:
                    await self.interface.view_end(self.follower)
                await self.show(run, 0, switched=True)
            except (DatabaseError, StreamGone) as error:
                logger.warning("cannot switch a socket to run %s: %r", run, error)
                self.close(CLOSE_TRY_AGAIN_LATER)

    async def disconnected(self) -> None:
        if self.service_uid:
            self.interface.unsubscribe_from_service(self.service_uid, self.update)
        await super().disconnected()


def _person(session: str) -> User:
    user = person_of(session)
    if user is None:
        raise signed_out()
    return user


def _no_such_run() -> Refused:
    return Refused(4404, "no_such_run", "There is no such run.")
