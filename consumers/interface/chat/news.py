"""The sockets that receive news of all rooms of their person: each tab of a person has one that asked for it."""

from collections import defaultdict
from collections.abc import Iterable

from consumers.interface.transport.frame import Frame
from consumers.interface.transport.outlet import Outlet
from proj.layer.messages import ActivityUpdate, PeopleFrame, PersonFrame


class NewsSubscribers:
    """Sends new messages of rooms, and read positions of a person's other tabs, to the sockets that subscribed."""

    def __init__(self) -> None:
        self._outlets: dict[int, set[Outlet]] = defaultdict(set)  # by person

    def subscribe(self, outlet: Outlet) -> None:
        """Send `outlet` the news of its person's rooms from now on."""
        self._outlets[outlet.user_id].add(outlet)

    def unsubscribe(self, outlet: Outlet) -> None:
        """Send `outlet` no more news; nothing happens when it did not subscribe."""
        outlets = self._outlets.get(outlet.user_id)
        if outlets is not None:
            outlets.discard(outlet)
            if not outlets:
                del self._outlets[outlet.user_id]

    def pass_on(self, message: PersonFrame | PeopleFrame) -> None:
        """Send the frame to all sockets of its people that subscribed."""
        frame = Frame(message.frame)
        for user_id in [message.user] if isinstance(message, PersonFrame) else message.users:
            _write(self._outlets.get(user_id, ()), frame)

    def deliver(self, message: ActivityUpdate) -> None:
        """Send every person the news of the rooms that this person may know of. Equal news share one frame."""
        audiences = [None if room.audience is None else frozenset(room.audience) for room in message.rooms]
        fields = [[room.room, room.messages, room.more] for room in message.rooms]
        frames: dict[tuple[int, ...], Frame] = {}
        for user_id, outlets in self._outlets.items() if audiences else ():
            known = tuple(n for n, audience in enumerate(audiences) if audience is None or user_id in audience)
            if known:
                if known not in frames:
                    frames[known] = Frame.of({"type": "news", "rooms": [fields[n] for n in known]})
                _write(outlets, frames[known])
        for user_id, room, seq in message.read:
            if user_id in self._outlets:
                _write(self._outlets[user_id], Frame.of({"type": "read", "room": room, "seq": seq}))


def _write(outlets: Iterable[Outlet], frame: Frame) -> None:
    for outlet in outlets:
        outlet.write(frame)
