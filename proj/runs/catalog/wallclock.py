"""Wall clock times of a time zone as instants, on the days on which its clocks are changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

LOOK_TIME = timedelta(days=1)  # no time zone changes its clocks twice within a day
SECOND = timedelta(seconds=1)


def offset(moment: datetime, here: ZoneInfo) -> timedelta:
    """Return how far the clocks of `here` are before UTC at an instant."""
    return moment.astimezone(here).utcoffset() or timedelta()


def change(begin: datetime, end: datetime, here: ZoneInfo) -> datetime | None:
    """Return the first instant after `begin` and not after `end` at which the clocks are changed, if there is one.

    Both are whole seconds, as changes of clocks are; a part of a second of `begin` does not count.
    """
    begin = begin.replace(microsecond=0)
    before = offset(begin, here)
    while begin < end:
        look = min(begin + LOOK_TIME, end)
        if offset(look, here) != before:
            return _bisected(begin, look, here)
        begin = look
    return None


def first(wall: datetime, here: ZoneInfo) -> datetime:
    """Return the instant at which the clocks first show `wall` or, where they jump over it, jump."""
    earlier, later = (wall.replace(tzinfo=here, fold=fold).astimezone(UTC) for fold in (0, 1))
    if later < earlier:  # so it is with a time that is jumped over, and the jump lies between them
        return change(later, earlier, here) or earlier
    return earlier


def _bisected(begin: datetime, end: datetime, here: ZoneInfo) -> datetime:
    before = offset(begin, here)
    while end - begin > SECOND:
        middle = begin + (end - begin) // SECOND // 2 * SECOND
        begin, end = (middle, end) if offset(middle, here) == before else (begin, middle)
    return end
