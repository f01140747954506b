"""Crontab expressions in the service's time zone."""

from datetime import UTC, datetime

import pytest

from proj.runs.catalog import schedules


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_schedules_keep_to_their_time_zone_when_summer_time_begins() -> None:
    times = [at("2026-03-28T00:00"), at("2026-03-29T00:00")]
    assert [schedules.after(time, "30 4 * * *", "Europe/Berlin") for time in times] == [
        at("2026-03-28T03:30"),
        at("2026-03-29T02:30"),
    ]


@pytest.mark.parametrize(("expression", "zone", "field"), [("61 * * * *", "UTC", "schedule"), ("x", "UTC", "schedule")])
def test_what_crontab_would_not_understand_is_refused(expression: str, zone: str, field: str) -> None:
    with pytest.raises(schedules.BadSchedule) as refused:
        schedules.checked(expression, zone)
    assert refused.value.field == field


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_time_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(schedules.BadSchedule) as refused:
        schedules.checked("* * * * *", zone)
    assert refused.value.field == "time_zone"
