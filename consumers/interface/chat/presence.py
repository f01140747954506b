"""The people in each room, over all interface processes.

Each process announces the people with a socket of its own: when they change, and every now and then. People of a
process that repeats no announcement are forgotten. Nothing is stored, and a lost message is mended by the next one.
"""

from collections import Counter
from collections.abc import Callable, Iterable

from consumers.interface.transport.frame import Frame
from proj.layer.messages import RoomPresence
from proj.monotonic import NEVER

MAX_NAMES_IN_FRAME = 100  # beyond it only the number of people is sent
MAX_NAMES_IN_MESSAGE = 5_000  # well within the bound of a layer message
REPEAT_SECONDS = 15.0  # between two announcements of the same people
FORGET_SECONDS = 40.0  # after the last announcement of a process that seems to be dead


class Presence:
    """The people in one room: those with a socket in this process, and those that other processes announced."""

    def __init__(self) -> None:
        self._sockets: Counter[str] = Counter()  # of each person in this process
        self._remote: dict[str, tuple[float, frozenset[str]]] = {}  # by process: monotonic seconds, names
        self._sent: frozenset[str] = frozenset()  # the people of the last frame
        self._announced_at = NEVER  # monotonic seconds
        self.due = True  # the people in this process are to be announced

    @property
    def local(self) -> frozenset[str]:
        """The people with a socket in this process."""
        return frozenset(self._sockets)

    def add_socket(self, name: str) -> None:
        """Count one more socket of a person."""
        self.due |= name not in self._sockets
        self._sockets[name] += 1

    def remove_socket(self, name: str) -> None:
        """Count one socket of a person less."""
        self._sockets[name] -= 1
        if self._sockets[name] <= 0:
            del self._sockets[name]
            self.due = True

    def receive(self, process: str, names: Iterable[str], now: float) -> None:
        """Take an announcement of another process."""
        self._remote[process] = (now, frozenset(names))

    def everyone(self, now: float) -> frozenset[str]:
        """Return all people in the room."""
        for process, (received_at, _) in list(self._remote.items()):
            if now - received_at > FORGET_SECONDS:
                del self._remote[process]
        return self.local.union(*(names for _, names in self._remote.values()))

    def changed(self, now: float) -> frozenset[str] | None:
        """Return all people in the room, if they are others than at the last call."""
        everyone = self.everyone(now)
        if everyone == self._sent:
            return None
        self._sent = everyone
        return everyone

    def take_due(self, now: float) -> bool:
        """Return whether an announcement is due, and count on the caller to send it."""
        if self.due or now - self._announced_at > REPEAT_SECONDS:
            self.due = False
            self._announced_at = now
            return True
        return False


class Presences:
    """The presence of all rooms that are open in this process."""

    def __init__(self, process: str) -> None:
        self._process = process
        self._rooms: dict[int, Presence] = {}

    def enter(self, room: int, name: str) -> None:
        """Add one socket of a person to a room."""
        self._rooms.setdefault(room, Presence()).add_socket(name)

    def leave(self, room: int, name: str) -> None:
        """Remove one socket of a person from a room."""
        self._rooms[room].remove_socket(name)

    def forget(self, room: int) -> None:
        """Drop a room without sockets in this process, after the other processes were sent that."""
        if (presence := self._rooms.get(room)) is not None and not presence.local:
            del self._rooms[room]

    def receive(self, message: RoomPresence, now: float) -> None:
        """Take an announcement of another process, and answer with the next tick if it asks for that."""
        presence = self._rooms.get(message.room)
        if presence is not None and message.process != self._process:
            presence.receive(message.process, message.here, now)
            presence.due |= message.ask

    def fields(self, room: int, now: float) -> dict[str, object]:
        """Return the fields of the protocol's presence frame for a room that is open here."""
        return _fields(self._rooms[room].everyone(now))

    def announcement(self, room: int, *, ask: bool = False) -> RoomPresence:
        """Return the people in a room with a socket in this process. `ask`: the other processes are to answer."""
        presence = self._rooms.get(room)
        names = [] if presence is None else sorted(presence.local)[:MAX_NAMES_IN_MESSAGE]
        return RoomPresence(room=room, process=self._process, here=names, ask=ask)

    def due_announcements(self, now: float, in_group: Callable[[int], bool]) -> list[RoomPresence]:
        """Return the announcements that are due. `in_group`: whether this process is in the group of a room."""
        due = [room for room, presence in self._rooms.items() if in_group(room) and presence.take_due(now)]
        return [self.announcement(room) for room in due]

    def changes(self, now: float) -> list[tuple[int, Frame]]:
        """Return presence frames for the rooms in which people have come or gone."""
        changed = [(room, presence.changed(now)) for room, presence in self._rooms.items()]
        return [(room, Frame.of(_fields(everyone))) for room, everyone in changed if everyone is not None]

    def farewells(self) -> list[RoomPresence]:
        """Return the announcements that this process has no sockets any more."""
        return [RoomPresence(room=room, process=self._process, here=[], ask=False) for room in self._rooms]


def _fields(everyone: frozenset[str]) -> dict[str, object]:
    return {"type": "presence", "here": sorted(everyone)[:MAX_NAMES_IN_FRAME], "count": len(everyone)}
