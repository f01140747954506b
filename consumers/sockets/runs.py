"""`/ws/runs/<id>/` shows one run; `/ws/deploy/<service>/` the newest run of a service. docs/protocol.md says how."""

import logging
from functools import partial
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.db import Error as DatabaseError

from consumers.interface.database import ask
from consumers.interface.line import line_to
from consumers.interface.outlet import Outlet
from consumers.interface.process import interface
from consumers.interface.watching import Watcher, Watching
from consumers.sockets.base import SocketConsumer
from consumers.sockets.door import Refused, from_allowed_origin, session_key
from consumers.sockets.limits import TokenBucket
from proj.accounts.models import User
from proj.accounts.sessions import person_of
from proj.metrics.definitions import REFUSALS
from proj.runs.models import Run, Service

logger = logging.getLogger(__name__)

PROTOCOL = "signalbox.v1"
NONSENSE = 10  # frames from a browser that has nothing to say here, until it is closed
LARGEST_OFFSET = 10**15


class WatchSocket(SocketConsumer):
    """A browser that watches runs. It only listens: where it begins is in its address."""

    outlet: Outlet
    watcher: Watcher
    watching: Watching
    uid = ""  # of the service whose runs it hears of

    async def connected(self) -> None:
        if not from_allowed_origin(self.scope):
            await self.base_send({"type": "websocket.close"})
            return
        plain = PROTOCOL not in self.scope["subprotocols"]
        self.nonsense = TokenBucket(1 / 30, NONSENSE)
        self.outlet = Outlet(line_to(self.scope, self.base_send), 0, "", plain=plain)
        self.watcher = Watcher(self.outlet)
        try:
            key = session_key(self.scope)
            user, service, run = await ask(partial(self.admit, key, self.scope["url_route"]["kwargs"]))
            await self._accept()
            self.outlet.user_id, self.outlet.session, self.outlet.service = user.pk, key, service.pk
            mailbox = interface().mailbox
            mailbox.outlets[self.outlet.id] = self.outlet
            self.watching = mailbox.watching
            self.outlet.tell(type="welcome", protocol=PROTOCOL, service=service.uid, you=user.username)
            await self.begin(service, run)
        except Refused as error:
            await self._accept()
            self._error(error.code, str(error))
            self.outlet.line.close(error.close)
        except Run.DoesNotExist:
            self._error("no_such_run", "There is no such run.")
            self.outlet.line.close(4404)
        except DatabaseError as error:
            logger.warning("nobody can watch: %r", error)
            await self._accept()
            self.outlet.line.close(1013)

    accepted = False

    async def _accept(self) -> None:
        if not self.accepted:
            self.accepted = True
            subprotocol = None if self.outlet.plain else PROTOCOL
            await self.base_send({"type": "websocket.accept", "subprotocol": subprotocol})

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

    async def heard(self, message: dict[str, Any]) -> None:
        self._error("bad_frame", "There is nothing to say on this socket.")
        if self.nonsense.take():
            self.outlet.line.close(4400)

    def _error(self, code: str, detail: str) -> None:
        REFUSALS.labels(code).inc()
        self.outlet.tell(type="error", code=code, detail=detail)

    async def gone(self) -> None:
        if self.accepted and self.outlet.session:
            self.watcher.gone = True
            interface().mailbox.outlets.pop(self.outlet.id, None)
            self.watching.leave(self.watcher)


class RunSocket(WatchSocket):
    """One run."""

    def admit(self, key: str, where: dict[str, Any]) -> tuple[User, Service, Run | None]:
        user = _signed_in(key)
        run = Run.objects.for_viewers(user).select_related("service").filter(pk=where["id"]).first()
        if run is None:
            raise Refused(4404, "no_such_run", "There is no such run.")
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
        self.number = 0
        self.uid = service.uid
        await self.watching.listen(service.uid, self._told)
        newest = await ask(lambda: Run.objects.filter(service=service).order_by("-number").first())
        if newest is None and not self.number:
            self.outlet.tell(type="idle", service=service.uid)
        elif newest is not None and newest.number > self.number:
            self.number = newest.number
            await self.watching.follow(self.watcher, str(newest.pk), self.held(newest.pk))

    def _told(self, message: dict[str, Any]) -> None:
        if message["type"] == "service.line":
            self.outlet.tell(type="line", text=message["text"])
        elif message["state"]["number"] > self.number:
            self.number = message["state"]["number"]
            interface().mailbox.tasks.spawn(self._switch(message["run"]))

    async def _switch(self, id: str) -> None:
        try:
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
        raise Refused(4401, "signed_out", "Sign in first.")
    return user
