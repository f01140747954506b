"""The rules by which pages show messages, each in one place: grouping, folding, happenings, names in sentences.

For messages that arrive later the browser applies the same rules, in static/rooms: arrange.js, looks.js, happening.js
and names.js. Tests compare the two.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from proj.rooms.log.frames import HAPPENINGS, EventFrame, Kind

GROUP_WITHIN = timedelta(minutes=5)
FOLD_LINES = 16
FOLD_CHARACTERS = 1_500

# U+2068 and U+2069 keep a name apart from the words around it: it may run from right to left.
_ISOLATE_START, _ISOLATE_END = "\u2068", "\u2069"

_TO_ONESELF = {Kind.MEMBER_ADDED.value: "member.joined", Kind.MEMBER_REMOVED.value: "member.left"}
VARIANTS = (*(kind.value for kind in HAPPENINGS), *_TO_ONESELF.values())  # each has a sentence of its own


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


def is_long(text: str | None) -> bool:
    """Return whether a message is shown folded."""
    return text is not None and (text.count("\n") >= FOLD_LINES or len(text) > FOLD_CHARACTERS)


def variant(kind: str, author: str, text: str) -> str:
    """Return which of VARIANTS describes a happening: an action of people on themselves has a sentence of its own."""
    return _TO_ONESELF.get(kind, kind) if author == text else kind


def spoken(usernames: Sequence[str], display_names: Mapping[str, str]) -> Iterator[str]:
    """Yield how a sentence calls these people: by their display names where they have one."""
    for username in usernames:
        name = display_names.get(username)
        yield f"{_ISOLATE_START}{name}{_ISOLATE_END}" if name is not None else username
