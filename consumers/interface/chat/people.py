"""People who hear of all their rooms, whatever page they look at: each of their tabs has a socket that asked for it."""

from collections import defaultdict

from consumers.interface.transport.frame import Frame
from consumers.interface.transport.outlet import Outlet
from proj.layer.messages import ActivityUpdate


class People:
    """Passes on what is new in rooms, and what somebody has read in another tab."""

    def __init__(self) -> None:
        self._outlets: dict[int, set[Outlet]] = defaultdict(set)

    def came(self, outlet: Outlet) -> None:
        """`outlet` wants to hear of its person's rooms."""
        self._outlets[outlet.user_id].add(outlet)

    def went(self, outlet: Outlet) -> None:
        """The end of came(); nothing happens when it never came."""
        outlets = self._outlets.get(outlet.user_id)
        if outlets is not None:
            outlets.discard(outlet)
            if not outlets:
                del self._outlets[outlet.user_id]

    def arrived(self, message: ActivityUpdate) -> None:
        """Tell everyone of the rooms that they may know of. Those who may know the same share one frame."""
        rooms = [(_ids(one.audience), [one.room, one.messages, one.more]) for one in message.rooms]
        frames: dict[tuple[int, ...], Frame] = {}
        for user_id, outlets in self._outlets.items() if rooms else ():
            theirs = tuple(n for n, (audience, _) in enumerate(rooms) if audience is None or user_id in audience)
            if theirs:
                if theirs not in frames:
                    frames[theirs] = Frame.of({"type": "news", "rooms": [rooms[n][1] for n in theirs]})
                _write(outlets, frames[theirs])
        for user_id, room, seq in message.read:
            if user_id in self._outlets:
                _write(self._outlets[user_id], Frame.of({"type": "read", "room": room, "seq": seq}))


def _write(outlets: set[Outlet], frame: Frame) -> None:
    for outlet in outlets:
        outlet.write(frame)


def _ids(audience: list[int] | None) -> frozenset[int] | None:
    return None if audience is None else frozenset(audience)
