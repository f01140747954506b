"""The activity in rooms, for people with other rooms open: new messages, mentions, read positions.

It goes to all interface processes, which pass it on to the people with access. It is a hint: pages add it to the
server's last counts, and ask for new counts where a hint is not enough.
"""

from collections.abc import Iterable

from proj.layer.messages import ActivityUpdate, RoomActivity
from proj.rooms.log.commands import Noted, Outcome, Posted, Written

MAX_LISTED_MESSAGES = 20  # of a room in one update; pages ask the server about more
MAX_UPDATE_ENTRIES = 20_000  # ids and messages in one layer message


class ActivityDigest:
    """Collects outcomes, so that a busy room costs a few layer messages a second and not one for each of its own."""

    def __init__(self) -> None:
        self._posted: dict[int, list[tuple[int, Posted]]] = {}
        self._read: dict[tuple[int, int], int] = {}

    def __bool__(self) -> bool:
        return bool(self._posted or self._read)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Add the outcomes of a committed batch."""
        for outcome in outcomes:
            if isinstance(outcome, Written) and outcome.posted is not None:
                self._posted.setdefault(outcome.room, []).append((outcome.seq, outcome.posted))
            elif isinstance(outcome, Noted) and outcome.reader:
                self._read[outcome.reader, outcome.room] = outcome.seq

    def pop(self) -> list[ActivityUpdate]:
        """Return the messages about all collected outcomes, and forget the outcomes."""
        rooms: list[RoomActivity] = []
        read = [(user, room, seq) for (user, room), seq in self._read.items()]
        updates = [ActivityUpdate(rooms=rooms, read=read)]
        entries = len(read)
        for room, posted in self._posted.items():
            one = _activity(room, posted)
            size = len(one.messages) + len(one.audience or ())
            entries += size
            if entries > MAX_UPDATE_ENTRIES:
                rooms, entries = [], size
                updates.append(ActivityUpdate(rooms=rooms, read=[]))
            rooms.append(one)
        self._posted, self._read = {}, {}
        return updates


def of(outcomes: Iterable[Outcome]) -> list[ActivityUpdate]:
    """Return the messages about these outcomes alone."""
    digest = ActivityDigest()
    digest.add(outcomes)
    return digest.pop() if digest else []


def _activity(room: int, posted: list[tuple[int, Posted]]) -> RoomActivity:
    """Return the newest messages of a room, in order. Among many, messages with mentions take precedence."""
    audience = posted[-1][1].audience
    listed = posted
    if len(posted) > MAX_LISTED_MESSAGES:
        newest = sorted(posted, key=lambda one: (not one[1].mentions, -one[0]))[:MAX_LISTED_MESSAGES]
        listed = sorted(newest, key=lambda one: one[0])
    return RoomActivity(
        room=room,
        audience=audience if audience is None else sorted(audience),
        messages=[(seq, one.author, list(one.mentions)) for seq, one in listed],
        more=len(listed) < len(posted),
    )
