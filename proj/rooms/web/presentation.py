"""Two rules by which pages show messages: grouping, and names in sentences. log/frames.py has those of one event.

For messages that arrive later the browser applies the same rules, in arrange.js and names.js. Tests compare the two.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from proj.rooms.log.frames import EventFrame, Kind

GROUP_WITHIN = timedelta(minutes=5)

# A display name in a sentence. Unicode's isolates keep it apart from the other words: it may run from right to left.
ISOLATED = "\u2068{name}\u2069"


def grouped(messages: Sequence[EventFrame]) -> set[int]:
    """Return the `seq` of each message that stands under the heading of the message before it.

    Both are by the same person under the same name, within GROUP_WITHIN. The browser also parts the reader's days,
    which the server does not know.
    """
    return {after["seq"] for before, after in pairwise(messages) if _continues(before, after)}


def _continues(before: EventFrame, after: EventFrame) -> bool:
    if not before["type"] == after["type"] == Kind.POSTED or "deleted" in before or "deleted" in after:
        return False
    if (before["author"], before.get("name")) != (after["author"], after.get("name")):
        return False
    return datetime.fromisoformat(after["at"]) - datetime.fromisoformat(before["at"]) < GROUP_WITHIN


def spoken(usernames: Sequence[str], display_names: Mapping[str, str]) -> Iterator[str]:
    """Yield how a sentence calls these people: by their display names where they have one."""
    for username in usernames:
        name = display_names.get(username)
        yield username if name is None else ISOLATED.format(name=name)
