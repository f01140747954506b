"""Crontab expressions in the service's time zone."""

import random
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

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


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("61 * * * *", "the minute cannot be 61."),
        ("* 22-2 * * *", "the hour cannot be 22-2."),
        ("0 0 15W * *", "the day of the month cannot be 15W."),
        ("0 0 ? * *", "the day of the month cannot be ?."),
        ("0 0 1 13 *", "the month cannot be 13."),
        ("0 0 * * fri-sun", "the day of the week cannot be fri-sun."),
        ("*/0 * * * *", "the minute cannot be */0."),
        ("0 0 31 feb,apr *", "never comes"),
        ("* * * * * *", "there are no seconds"),
        ("x", "five fields"),
        ("* * * *", "five fields"),
        ("@reboot", "@reboot is not a time that a clock shows"),
        ("@every 5m", "@every 5m is not a time that a clock shows"),
    ],
)
def test_what_crontab_would_not_understand_is_refused_with_the_reason(expression: str, reason: str) -> None:
    with pytest.raises(schedules.BadSchedule, match=re.escape(reason)) as refused:
        schedules.checked(expression, "UTC")
    assert refused.value.field == "schedule"


@pytest.mark.parametrize(
    ("expression", "time"),
    [
        ("@hourly", "2026-05-02T11:00"),
        ("@daily", "2026-05-03T00:00"),
        ("@Midnight", "2026-05-03T00:00"),
        ("@weekly", "2026-05-03T00:00"),
        ("@monthly", "2026-06-01T00:00"),
        ("@yearly", "2027-01-01T00:00"),
        (" @annually ", "2027-01-01T00:00"),
        ("0 0 L * *", "2026-05-31T00:00"),
        ("0 0 LW * *", "2026-05-29T00:00"),
        ("0 0 * * 5L", "2026-05-29T00:00"),
        ("0 0 * * FRI#2", "2026-05-08T00:00"),
        ("0 0 * * 7", "2026-05-03T00:00"),
        ("0 0 13 * fri", "2026-05-08T00:00"),
        ("0 0 */2 * fri", "2026-05-15T00:00"),
    ],
)
def test_short_forms_and_all_of_the_dialect_mean_their_times(expression: str, time: str) -> None:
    schedules.checked(expression, "UTC")
    assert schedules.after(at("2026-05-02T10:20"), expression, "UTC") == at(time)


def test_a_schedule_with_seconds_that_was_stored_before_starts_once_a_minute() -> None:
    assert schedules.after(at("2026-05-02T10:20"), "*/10 * * * * *", "UTC") == at("2026-05-02T10:21")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_time_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(schedules.BadSchedule) as refused:
        schedules.checked("* * * * *", zone)
    assert refused.value.field == "time_zone"


NEW_YORK, BERLIN, LORD_HOWE, SAO_PAULO = "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo"


def during(begin: str, end: str, expression: str, zone: str) -> list[str]:
    """Return the scheduled times of a stretch of time, written shortly."""
    found = []
    time = schedules.after(at(begin), expression, zone)
    while time and time < at(end):
        found.append(f"{time:%dT%H:%M}")
        time = schedules.after(time, expression, zone)
    return found


@pytest.mark.parametrize(
    ("zone", "night", "expression", "times"),
    [
        (NEW_YORK, ("2026-11-01T00:00", "2026-11-02T00:00"), "30 1 * * *", ["01T05:30"]),
        (NEW_YORK, ("2026-11-01T05:10", "2026-11-01T08:10"), "30 * * * *", ["01T05:30", "01T06:30", "01T07:30"]),
        (NEW_YORK, ("2026-11-01T05:10", "2026-11-01T07:10"), "*/30 1 * * *", ["01T05:30", "01T06:00", "01T06:30"]),
        (NEW_YORK, ("2026-11-01T05:10", "2026-11-01T07:10"), "0,30 1 * * *", ["01T05:30"]),
        (BERLIN, ("2026-03-28T12:00", "2026-03-30T12:00"), "30 2 * * *", ["29T01:00", "30T00:30"]),
        (BERLIN, ("2026-03-28T12:00", "2026-03-29T12:00"), "10,30 2,3 * * *", ["29T01:00", "29T01:10", "29T01:30"]),
        (BERLIN, ("2026-03-29T00:50", "2026-03-29T01:05"), "*/5 * * * *", ["29T00:55", "29T01:00"]),
        (BERLIN, ("2026-03-28T12:00", "2026-03-29T12:00"), "*/20 2 * * *", []),
        (LORD_HOWE, ("2026-04-04T12:00", "2026-04-05T12:00"), "45 1 * * *", ["04T14:45"]),
        (LORD_HOWE, ("2026-04-04T14:40", "2026-04-04T16:00"), "*/30 1,2 * * *", ["04T15:00", "04T15:30"]),
        (LORD_HOWE, ("2026-10-03T12:00", "2026-10-04T12:00"), "15 2 * * *", ["03T15:30"]),
        (SAO_PAULO, ("2018-11-03T12:00", "2018-11-05T12:00"), "0 0 * * *", ["04T03:00", "05T02:00"]),
        (SAO_PAULO, ("2018-02-17T12:00", "2018-02-18T12:00"), "30 23 * * *", ["18T01:30"]),
        ("Pacific/Apia", ("2011-12-29T20:00", "2011-12-31T20:00"), "30 4 30 * *", ["30T10:00"]),
        ("Africa/Casablanca", ("2026-02-14T12:00", "2026-02-15T12:00"), "30 2 * * *", ["15T01:30"]),
    ],
)
def test_times_at_a_change_of_clocks(zone: str, night: tuple[str, str], expression: str, times: list[str]) -> None:
    assert during(*night, expression, zone) == times


ZONES = [NEW_YORK, BERLIN, LORD_HOWE, SAO_PAULO, "UTC", "Asia/Shanghai", "Asia/Kolkata", "Africa/Casablanca"]
ZONES += ["Pacific/Apia", "America/St_Johns", "Asia/Tehran", "Africa/Cairo", "Pacific/Chatham", "Antarctica/Troll"]
EXPRESSIONS = ["* * * * *", "*/5 * * * *", "@hourly", "@daily", "30 1 * * *", "*/7 1-3 * * *", "0,15,30,45 0-4 * * *"]
EXPRESSIONS += [
    "45 23 * * *",
    "1 0 * * *",
    "59 1,2 * * mon-fri",
    "0 */2 * * *",
    "30 2 L * *",
    "*/20 0 1 * *",
    "15 3 * * 0",
]


@cache
def changes(zone: str) -> list[datetime]:
    """Return about when the clocks of a zone are changed: an hour before, at most."""
    hours = [at("2011-01-01T00:00") + timedelta(hours=hour) for hour in range(16 * 8766)]
    offsets = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours]
    return [hours[n] for n in range(len(hours) - 1) if offsets[n] != offsets[n + 1]]


@pytest.mark.parametrize("zone", ZONES)
def test_the_next_time_is_always_later_and_is_the_first_one(zone: str) -> None:
    chance = random.Random(11)
    moments = [near + timedelta(seconds=chance.uniform(-9000, 16000)) for near in changes(zone)]
    moments = [*chance.sample(moments, min(len(moments), 16)), at("2026-06-01T12:34")]
    for expression in EXPRESSIONS:
        for moment in moments:
            time = schedules.after(moment, expression, zone)
            assert time and time > moment, (moment, expression)
            between = moment + (time - moment) * chance.random()
            assert schedules.after(between, expression, zone) == time, (between, expression)
            assert schedules.after(time - timedelta(microseconds=1), expression, zone) == time, (time, expression)


@pytest.mark.parametrize("zone", ZONES)
def test_minutes_follow_the_time_that_passes(zone: str) -> None:
    here = ZoneInfo(zone)
    for change in changes(zone)[-6:]:
        begin, end = change - timedelta(hours=4), change + timedelta(hours=6)
        shown = [(begin + timedelta(minutes=n)).astimezone(here) for n in range(1, 600)]
        for expression, minutes, hours in (("*/5 * * * *", 5, range(24)), ("*/7 0-3 * * *", 7, range(4))):
            wanted = [time.astimezone(UTC) for time in shown if time.minute % minutes == 0 and time.hour in hours]
            found = during(f"{begin:%FT%T}", f"{end:%FT%T}", expression, zone)
            assert found == [f"{time:%dT%H:%M}" for time in wanted]


@pytest.mark.parametrize("zone", ZONES)
def test_a_daily_time_comes_once_on_each_day_that_there_is(zone: str) -> None:
    here = ZoneInfo(zone)
    for change in changes(zone)[-10:]:
        noon = change.astimezone(here).replace(hour=12, minute=0)
        begin, end = ((noon + timedelta(days=days)).astimezone(UTC) for days in (-1, 2))
        for hour in (0, 1, 2, 3, 4):
            times = during(f"{begin:%FT%T}", f"{end:%FT%T}", f"30 {hour} * * *", zone)
            assert len(times) == 3, (change, hour, times)
