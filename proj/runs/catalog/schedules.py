"""Schedules: crontab expressions in the service's own time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError


class BadSchedule(ValueError):
    """The crontab expression or the time zone is wrong. `field` is the name of the service's field."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def checked(expression: str, zone: str) -> None:
    """Raise BadSchedule unless both are valid; an empty expression means that there is no schedule."""
    try:
        here = ZoneInfo(zone)
    except (ValueError, OSError, LookupError):
        raise BadSchedule("time_zone", f"{zone} is not a time zone; UTC and Asia/Shanghai are.") from None
    if not expression:
        return
    try:
        next(CronSim(expression, datetime.now(here)))
    except (CronSimError, StopIteration) as error:
        raise BadSchedule("schedule", f"Not a time as crontab has it, like 30 4 * * mon-fri: {error}.") from None


def after(moment: datetime, expression: str, zone: str) -> datetime | None:
    """Return the first scheduled time after `moment`, in UTC; None when there is none."""
    found = next(CronSim(expression, moment.astimezone(ZoneInfo(zone))), None)
    return found.astimezone(UTC) if found else None
