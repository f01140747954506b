"""`/ws/me/`: the news of all rooms of a person, for pages that show no room. Specified in docs/protocol.md."""

from consumers.interface.process import Interface, interface
from consumers.sockets.base import PROTOCOL
from consumers.sockets.door import sign_in_door
from consumers.sockets.listening import ListeningSocket


class MySocket(ListeningSocket):
    """A socket that only listens. The page asks over HTTP for news that it may have missed before the socket opened."""

    interface: Interface | None = None

    async def enter(self, session: str) -> None:
        user = await sign_in_door.ask(session)
        self.outlet.user_id, self.outlet.name, self.outlet.session = user.pk, user.username, session
        own = interface()
        await own.ready()
        await self.accept()
        self.interface = own
        own.register(self.outlet)
        own.subscribe_to_news(self.outlet)
        self.outlet.send(type="welcome", protocol=PROTOCOL, you=user.username)

    async def disconnected(self) -> None:
        if self.interface is not None:
            self.interface.unregister(self.outlet)
