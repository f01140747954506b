"""Who is in a room, over all interface processes.

Each process tells the others whom it sees, when that changes and every now and then; what it does not repeat is
forgotten. Nothing is stored, and a lost message is mended by the next one.
"""

from collections import Counter
from collections.abc import Iterable

from proj.monotonic import NEVER

ANNOUNCED = 100  # names in a frame; beyond it only the number of people is told
CARRIED = 5_000  # names in a layer message, well within its bound
REPEAT = 15.0  # seconds after which a process repeats itself
FORGOTTEN = 40.0  # seconds after which a silent process is taken for dead


class Presence:
    """The people in one room: those with a socket here, and those that other processes tell of."""

    def __init__(self) -> None:
        self._elsewhere: dict[str, tuple[float, frozenset[str]]] = {}
        self._told: frozenset[str] = frozenset()
        self._sockets: Counter[str] = Counter()
        self.repeated = NEVER  # monotonic seconds of our last word
        self.due = True

    @property
    def here(self) -> frozenset[str]:
        """The people with a socket in this process."""
        return frozenset(self._sockets)

    def came(self, name: str) -> None:
        """One more socket of this person."""
        self.due |= name not in self._sockets
        self._sockets[name] += 1

    def went(self, name: str) -> None:
        """One socket less of this person."""
        self._sockets[name] -= 1
        if self._sockets[name] <= 0:
            del self._sockets[name]
            self.due = True

    def hears(self, process: str, names: Iterable[str], now: float) -> None:
        """Another process tells whom it sees."""
        self._elsewhere[process] = (now, frozenset(names))

    def everyone(self, now: float) -> frozenset[str]:
        """All people in the room."""
        for process, (heard, _) in list(self._elsewhere.items()):
            if now - heard > FORGOTTEN:
                del self._elsewhere[process]
        return self.here.union(*(names for _, names in self._elsewhere.values()))

    def changed(self, now: float) -> frozenset[str] | None:
        """Everyone, if that is news since the last call."""
        everyone = self.everyone(now)
        if everyone == self._told:
            return None
        self._told = everyone
        return everyone

    def speak(self, now: float) -> bool:
        """Whether the other processes must be told now."""
        if self.due or now - self.repeated > REPEAT:
            self.due = False
            self.repeated = now
            return True
        return False


def frame(everyone: frozenset[str]) -> dict[str, object]:
    """The protocol's presence frame."""
    return {"type": "presence", "here": sorted(everyone)[:ANNOUNCED], "count": len(everyone)}
