"""What people hear of rooms that they have not opened: who said something, who is mentioned, what they have read.

It goes to all interface processes, which tell those who may know. It is a hint: pages count on from what the server
counted last, and ask again where they cannot.
"""

from collections.abc import Iterable
from typing import Any

from proj.layer.names import INTERFACES
from proj.rooms.log.commands import Noted, Outcome, Posted, Written

MOST = 20  # messages of a room that are listed; where there are more, pages ask
WEIGHT = 20_000  # ids and messages in one layer message


class News:
    """Gathers outcomes, so that a busy room costs some layer messages a second and not one for each of its own."""

    def __init__(self) -> None:
        self._posted: dict[int, list[tuple[int, Posted]]] = {}
        self._read: dict[tuple[int, int], int] = {}

    def __bool__(self) -> bool:
        return bool(self._posted or self._read)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Take in what has been committed."""
        for outcome in outcomes:
            if isinstance(outcome, Written) and outcome.posted is not None:
                self._posted.setdefault(outcome.room, []).append((outcome.seq, outcome.posted))
            elif isinstance(outcome, Noted) and outcome.reader:
                self._read[outcome.reader, outcome.room] = outcome.seq

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """The layer messages that tell of it all, as pairs of group and message. What was gathered is forgotten."""
        rooms: list[list[Any]] = []
        read = [[user, room, seq] for (user, room), seq in self._read.items()]
        messages = [_message(rooms, read)]
        weight = len(read)
        for room, posted in self._posted.items():
            listed = _listed(posted)
            audience = posted[-1][1].audience
            weight += len(listed) + len(audience or ())
            if weight > WEIGHT:
                rooms, weight = [], len(listed) + len(audience or ())
                messages.append(_message(rooms, []))
            rooms.append([room, audience if audience is None else sorted(audience), listed, len(listed) < len(posted)])
        self._posted, self._read = {}, {}
        return [(INTERFACES, message) for message in messages]


def of(outcomes: Iterable[Outcome]) -> list[tuple[str, dict[str, Any]]]:
    """The layer messages that tell of these outcomes alone."""
    news = News()
    news.add(outcomes)
    return news.told() if news else []


def _listed(posted: list[tuple[int, Posted]]) -> list[list[Any]]:
    """[seq, author, names mentioned] of the newest messages, in order; of many, those with mentions go first."""
    if len(posted) > MOST:
        newest = sorted(posted, key=lambda one: (not one[1].mentions, -one[0]))[:MOST]
        posted = sorted(newest, key=lambda one: one[0])
    return [[seq, one.author, list(one.mentions)] for seq, one in posted]


def _message(rooms: list[list[Any]], read: list[list[int]]) -> dict[str, Any]:
    return {"type": "rooms.news", "rooms": rooms, "read": read}
