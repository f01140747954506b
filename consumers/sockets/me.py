"""`/ws/me/`: what is new in all rooms of a person, for pages that show no room. docs/protocol.md says how."""

from consumers.interface.process import interface
from consumers.sockets.door import gate
from consumers.sockets.listening import PROTOCOL, ListeningSocket


class MySocket(ListeningSocket):
    """It only listens. What it may have missed, the page asks for over HTTP when the socket is open."""

    attending = False

    async def come_in(self, key: str) -> None:
        user = await gate.ask(key)
        self.outlet.user_id, self.outlet.name, self.outlet.session = user.pk, user.username, key
        mailbox = interface().mailbox
        await mailbox.listening()
        await self.accept()
        self.attending = True
        mailbox.attend(self.outlet)
        self.outlet.tell(type="welcome", protocol=PROTOCOL, you=user.username)

    async def gone(self) -> None:
        if self.attending:
            interface().mailbox.leave(self.outlet)
