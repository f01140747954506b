"""Schedules: crontab expressions in the service's own time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from proj.runs.catalog import wallclock

SHORT_FORMS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
CRONTAB_FIELDS = (
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of the month", "1 to 31, L (the last) or LW (the last from monday to friday)"),
    ("month", "1 to 12 or jan to dec"),
    ("day of the week", "0 to 7 or sun to sat (0 and 7 are sunday), fri#2 (the second friday) or 5L (the last one)"),
)


class BadSchedule(ValueError):
    """The crontab expression or the time zone is wrong. `field` is the name of the service's field."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def checked(expression: str, zone: str) -> None:
    """Raise BadSchedule unless both are valid; an empty expression means that there is no schedule."""
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError):
        raise BadSchedule("time_zone", f"{zone} is not a time zone; UTC and Asia/Shanghai are.") from None
    if not expression:
        return
    fields = _fields(expression)
    for number in range(5):
        _check_field(number, fields[number])
    try:
        next(_walls(fields, datetime.now(UTC)))
    except (CronSimError, StopIteration):
        raise _wrong(f"{expression} never comes, because no month of it has such a day.") from None


def after(moment: datetime, expression: str, zone: str) -> datetime | None:
    """Return the first scheduled time after `moment`, in UTC, always later than `moment`; None when there is none.

    As in Debian's cron, an expression with a star in its minutes or hours follows the time that passes: it skips the
    hour that is jumped over, and goes on through the hour that is repeated. All others follow the wall clock: each of
    their times comes once, and the ones that are jumped over come at the jump.
    """
    here = ZoneInfo(zone)
    # An old expression may have six fields, of which the first is the seconds.
    fields = SHORT_FORMS.get(expression.strip().lower(), expression).split()[-5:]
    try:
        if fields[0].startswith("*") or fields[1].startswith("*"):
            return _as_time_passes(moment.astimezone(UTC), fields, here)
        return _by_the_wall_clock(moment.astimezone(UTC), fields, here)
    except StopIteration:
        return None


def _by_the_wall_clock(moment: datetime, fields: list[str], here: ZoneInfo) -> datetime | None:
    instants = (wallclock.first(wall, here) for wall in _walls(fields, moment + wallclock.offset(moment, here)))
    return next((instant for instant in instants if instant > moment), None)


def _as_time_passes(moment: datetime, fields: list[str], here: ZoneInfo) -> datetime:
    """Return the first instant at which the clocks show a scheduled time, looking from change to change of them."""
    while True:
        offset = wallclock.offset(moment, here)
        found = (next(_walls(fields, moment + offset)) - offset).replace(tzinfo=UTC)
        changed = wallclock.change(moment, found, here)
        if changed is None:
            return found
        offset = wallclock.offset(changed, here)
        found = (next(_walls(fields, changed + offset - wallclock.SECOND)) - offset).replace(tzinfo=UTC)
        if found == changed:
            return found
        moment = changed


def _walls(fields: list[str], wall: datetime) -> CronSim:
    """Return the scheduled times after `wall`, without a time zone, so that no change of clocks concerns them."""
    return CronSim(" ".join(fields), wall.replace(tzinfo=None))


def _fields(expression: str) -> list[str]:
    fields = expression.split()
    if expression.lstrip().startswith("@"):
        short = SHORT_FORMS.get(expression.strip().lower())
        if short is None:
            raise _wrong(f"{expression} is not a time that a clock shows, as {', '.join(SHORT_FORMS)} are.")
        return short.split()
    if len(fields) == 6:
        raise _wrong("it has five fields, of which the first one is the minute; there are no seconds.")
    if len(fields) != 5:
        raise _wrong("it has five fields, or is @daily or another short form.")
    return fields


def _check_field(number: int, text: str) -> None:
    """Raise BadSchedule when one field is wrong, and tell which one it is and what it may hold."""
    alone = ["*"] * 5
    alone[number] = text
    if number == 2:
        alone[3] = "1"  # a month of 31 days
    try:
        CronSim(" ".join(alone), datetime(2026, 1, 1))
    except (CronSimError, AssertionError):
        name, range_ = CRONTAB_FIELDS[number]
        raise _wrong(
            f"the {name} cannot be {text}. It is * or {range_}, and may be a list (1,3), a range from the lower to "
            "the higher number (8-17), or have a step (*/5)."
        ) from None


def _wrong(reason: str) -> BadSchedule:
    return BadSchedule("schedule", f"Not a time as crontab has it, like 30 4 * * mon-fri: {reason}")
