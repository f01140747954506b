"""The groups of Channels 1.x code in this process: names to sockets. A membership ends with its socket."""

from collections.abc import Iterable, Sequence

from consumers.interface.transport.frame import Frame
from consumers.interface.transport.line import SLICE_SOCKETS
from consumers.interface.turns.socket import Reply, TurnSocket

MAX_GROUP_CHARACTERS = 1000


class Groups:
    """Adds sockets to groups, and writes to all sockets of a group. A frame is built once for all of them."""

    def __init__(self) -> None:
        self._members: dict[str, dict[TurnSocket, None]] = {}

    def __len__(self) -> int:
        """Return the number of groups with a socket here."""
        return len(self._members)

    def members(self, name: str) -> Iterable[TurnSocket]:
        """Return the sockets of the group, in the order in which they joined."""
        return self._members.get(name, ())

    def add(self, name: str, socket: TurnSocket) -> None:
        """Add an open socket, or one that is about to open."""
        if not socket.gone and len(name) <= MAX_GROUP_CHARACTERS:
            self._members.setdefault(name, {})[socket] = None
            socket.groups.add(name)

    def discard(self, name: str, socket: TurnSocket) -> None:
        """Remove the socket from the group, if it is there."""
        members = self._members.get(name)
        if members is not None:
            members.pop(socket, None)
            socket.groups.discard(name)
            if not members:
                del self._members[name]

    def leave_all(self, socket: TurnSocket) -> None:
        """Remove a socket from all its groups."""
        for name in list(socket.groups):
            self.discard(name, socket)

    def send(self, name: str, reply: Reply) -> None:
        """Write to the sockets of a group. `accept` and `close` in the reply hold for each of them."""
        members = self._members.get(name)
        if not members:
            return
        if reply.accept is not None or reply.close:
            for socket in list(members):
                socket.carry_out(reply)
            return
        frames = reply.frames()
        if frames:
            self._write(list(members), frames, b"".join(frame.wire for frame in frames))

    def _write(self, sockets: Sequence[TurnSocket], frames: list[Frame], wire: bytes) -> None:
        """Write to many sockets; after a slice of them the other work of the process has its turn.

        Only then may a later frame overtake on the rest, so these go through the lines' own queues.
        """
        for socket in sockets[:SLICE_SOCKETS]:
            if socket.open and not socket.close_code:
                socket.outlet.line.write_now(frames, wire)
            else:
                socket.write(frames)
        for socket in sockets[SLICE_SOCKETS:]:
            socket.write(frames)
