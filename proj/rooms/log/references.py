"""The addresses of references in messages: rooms here, objects of other apps by the functions that these register.

Only what everybody may see has an address, so a link, or its absence, tells nobody of a members-only room.
"""

# ruff: noqa: S608 - statements are built of placeholders only; all values are parameters

from collections.abc import Callable, Collection, Mapping
from urllib.parse import quote

from proj.rooms import names
from proj.rooms.log.statements import Cursor

Finder = Callable[[Collection[str]], Mapping[str, str]]

MAX_KEYS = 1_000  # in one statement, twice

_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Register a function that returns the addresses of the references of its app among those that it gets."""
    _finders.append(finder)


def addresses(cursor: Cursor, references: Collection[str]) -> dict[str, str]:
    """Return the addresses of those references that exist and are open to everybody."""
    rooms = [reference for reference in references if reference.startswith("#")]
    others = [reference for reference in references if not reference.startswith("#")]
    found = _rooms(cursor, rooms) if rooms else {}
    for finder in _finders if others else ():
        found |= finder(others)
    return found


def _rooms(cursor: Cursor, references: list[str]) -> dict[str, str]:
    keys = {reference: names.key(reference[1:]) for reference in references}
    unique = sorted(set(keys.values()))
    by_key: dict[str, str] = {}
    for start in range(0, len(unique), MAX_KEYS):
        some = unique[start : start + MAX_KEYS]
        marks = ", ".join(["%s"] * len(some))
        is_open = "NOT members_only AND NOT hidden AND archived_at IS NULL"
        former = "SELECT former.key, room.name FROM rooms_formername former JOIN rooms_room room ON room.id = room_id"
        taken = "EXISTS (SELECT 1 FROM rooms_room WHERE rooms_room.key = former.key)"
        cursor.execute(  # a former name leads to its room until another room takes it
            f"{former} WHERE former.key IN ({marks}) AND {is_open} AND NOT {taken} "
            f"UNION ALL SELECT key, name FROM rooms_room WHERE key IN ({marks}) AND {is_open}",
            [*some, *some],
        )
        by_key |= dict(cursor.fetchall())
    # as in rooms/web/urls.py: a worker never loads the table of addresses with all views
    return {one: f"/chat/{quote(by_key[key], safe='')}/" for one, key in keys.items() if key in by_key}
