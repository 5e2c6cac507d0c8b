"""Working days and limits, against chinesecalendar and an oracle that counts the days one by one."""

import csv
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import count, islice
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shared.domain.calendar as calendar
from shared.domain.calendar import (
    ANNOUNCED,
    LimitUnit,
    add_limit,
    day_of,
    is_provisional,
    is_working_day,
    start_of,
    working_days_between,
)

BEIJING = timezone(timedelta(hours=8))
"""The oracle's own idea of the time in China: no zone table."""
FIRST, LAST = date(2004, 1, 1), date(2026, 12, 31)

known_days = st.dates(FIRST, date(2026, 6, 1))
instants = st.datetimes(datetime(2004, 1, 1), datetime(2026, 6, 1), timezones=st.just(UTC))


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def test_every_day_is_what_the_state_council_announced() -> None:
    """When a new release of chinesecalendar brings a year, this prints the rows to add to working_days.csv."""
    last = max(chinese_calendar.constants.holidays)
    assert max(last.year, max(chinese_calendar.constants.workdays).year) == ANNOUNCED[-1], "a year to add"
    wrong = [
        f"{day},{int(chinese_calendar.is_workday(day))}"
        for day in _days(FIRST, LAST)
        if chinese_calendar.is_workday(day) != is_working_day(day)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_table_holds_differing_days_only_in_order() -> None:
    path = Path(calendar.__file__).with_name("working_days.csv")
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    days = [date.fromisoformat(row["day"]) for row in rows]
    assert days == sorted(set(days))
    assert all((row["is_working"] == "1") == (day.weekday() >= 5) for row, day in zip(rows, days, strict=True))


@pytest.mark.parametrize(
    ("day", "is_working"),
    [
        (date(2026, 1, 4), True),  # a Sunday worked for the New Year
        (date(2026, 2, 14), True),  # a Saturday worked for the Spring Festival
        (date(2026, 2, 28), True),
        (date(2026, 2, 16), False),
        (date(2026, 2, 23), False),
        (date(2026, 5, 9), True),
        (date(2026, 9, 20), True),
        (date(2026, 10, 10), True),
        (date(2026, 10, 1), False),
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
    ],
)
def test_swapped_days_of_2026(day: date, is_working: bool) -> None:
    assert is_working_day(day) is is_working


def test_a_year_that_is_not_announced_counts_weekdays_and_says_so() -> None:
    assert not is_provisional(date(2026, 12, 31))
    assert is_provisional(date(2027, 1, 1))
    assert is_provisional(date(2003, 12, 31))
    assert is_provisional(date(2026, 12, 30), date(2027, 1, 2))
    assert is_working_day(date(2027, 1, 1))
    assert not is_working_day(date(2027, 1, 2))


@pytest.mark.parametrize(
    ("start", "amount", "unit", "due"),
    [
        # The eve of the National Day: two working days lead behind the holiday, to 24:00 of 9 October.
        ("2026-09-30T10:00+08:00", 2, "working_days", "2026-10-10T00:00+08:00"),
        # A Friday, with the Saturday behind it worked: Saturday is the first, Monday the second.
        ("2026-10-09T23:59+08:00", 2, "working_days", "2026-10-13T00:00+08:00"),
        ("2026-10-09T10:00+08:00", 1, "working_days", "2026-10-11T00:00+08:00"),
        # The day of China counts, not that of UTC: 17:00 UTC is the next day there.
        ("2026-11-24T17:00+00:00", 1, "working_days", "2026-11-27T00:00+08:00"),
        # Calendar days count holidays and are not prolonged by one.
        ("2026-09-30T10:00+08:00", 3, "calendar_days", "2026-10-04T00:00+08:00"),
        ("2026-11-25T00:00+08:00", 7, "calendar_days", "2026-12-03T00:00+08:00"),
        ("2026-11-25T23:59:59+08:00", 7, "calendar_days", "2026-12-03T00:00+08:00"),
        # Hours run on the clock, holidays included.
        ("2026-10-01T10:00+08:00", 24, "hours", "2026-10-02T10:00+08:00"),
        # Over a new year that is not announced: weekdays.
        ("2026-12-31T10:00+08:00", 1, "working_days", "2027-01-02T00:00+08:00"),
    ],
)
def test_limits_of_the_field(start: str, amount: int, unit: LimitUnit, due: str) -> None:
    assert add_limit(datetime.fromisoformat(start), amount, unit) == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    ("start", "amount", "last"),
    [
        # Each year's long holidays with their swapped days, counted by hand from the State Council's notices.
        ("2021-02-10T10:00+08:00", 2, "2021-02-19"),  # Spring Festival 11 to 17; 18 and 19 work
        ("2021-02-10T10:00+08:00", 3, "2021-02-20"),  # a Saturday worked for it
        ("2021-09-18T09:00+08:00", 2, "2021-09-23"),  # Mid-autumn 19 to 21
        ("2021-09-30T09:00+08:00", 3, "2021-10-11"),  # National Day 1 to 7; 8, Saturday 9, Monday 11
        ("2022-01-29T09:00+08:00", 2, "2022-02-07"),  # Sunday the 30th worked; festival to 6 February
        ("2022-04-29T17:00+08:00", 2, "2022-05-06"),  # Labour Day 30 April to 4 May
        ("2022-09-30T09:00+08:00", 2, "2022-10-09"),  # Saturday 8 and Sunday 9 worked
        ("2023-01-20T09:00+08:00", 3, "2023-01-30"),  # Saturday 28, Sunday 29, Monday 30
        ("2023-09-28T09:00+08:00", 2, "2023-10-08"),  # eight days; Saturday 7 and Sunday 8 worked
        ("2024-02-09T09:00+08:00", 2, "2024-02-19"),  # Sunday 18 worked, Monday 19
        ("2024-09-13T18:00+08:00", 3, "2024-09-19"),  # Saturday 14 worked; Mid-autumn 15 to 17
        ("2025-01-27T09:00+08:00", 2, "2025-02-06"),  # festival 28 January to 4 February
        ("2025-09-30T09:00+08:00", 2, "2025-10-10"),  # National Day and Mid-autumn 1 to 8
        ("2026-02-13T09:00+08:00", 2, "2026-02-24"),  # Saturday 14 worked; festival 15 to 23
        ("2026-05-01T09:00+08:00", 2, "2026-05-07"),  # Labour Day 1 to 5
        ("2026-09-30T09:00+08:00", 3, "2026-10-10"),  # 8, 9 and Saturday 10
        ("2027-02-05T09:00+08:00", 2, "2027-02-09"),  # not announced: weekdays, provisional
    ],
)
def test_golden_limits_in_working_days_of_2021_to_2027(start: str, amount: int, last: str) -> None:
    due = start_of(date.fromisoformat(last) + timedelta(days=1))
    assert add_limit(datetime.fromisoformat(start), amount, "working_days") == due
    assert is_provisional(date.fromisoformat(last)) is last.startswith("2027")


def test_a_year_once_announced_is_counted_again_and_no_longer_provisional(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the notice of 2027 said: off from 5 to 11 February, Sunday 14 worked for it."""
    start = datetime.fromisoformat("2027-02-04T10:00+08:00")
    assert add_limit(start, 2, "working_days") == start_of(date(2027, 2, 9)) and is_provisional(date(2027, 2, 8))
    off = {date(2027, 2, 5) + timedelta(days=n): False for n in range(7)}
    announced = {**calendar._differing(), **off, date(2027, 2, 14): True}
    monkeypatch.setattr(calendar, "_differing", lambda: announced)
    monkeypatch.setattr(calendar, "ANNOUNCED", range(2004, 2028))
    assert add_limit(start, 2, "working_days") == start_of(date(2027, 2, 15)), "Friday 12 and Sunday 14"
    assert not is_provisional(date(2027, 2, 8), date(2027, 2, 14))


@given(instants, st.integers(1, 60))
def test_working_days_agree_with_counting_days_one_by_one(start: datetime, amount: int) -> None:
    today = start.astimezone(BEIJING).date()
    ahead = (today + timedelta(days=n) for n in count(1))
    last = list(islice(filter(chinese_calendar.is_workday, ahead), amount))[-1]
    expected = datetime(last.year, last.month, last.day, tzinfo=BEIJING) + timedelta(days=1)
    assert add_limit(start, amount, "working_days") == expected


@given(instants, st.integers(1, 400))
def test_calendar_days_end_with_the_last_second_of_their_last_day(start: datetime, amount: int) -> None:
    last = start.astimezone(BEIJING).date() + timedelta(days=amount)
    in_time = datetime(last.year, last.month, last.day, 23, 59, 59, 999999, tzinfo=BEIJING)
    assert add_limit(start, amount, "calendar_days") - in_time == timedelta(microseconds=1)


@given(instants, st.integers(1, 720))
def test_hours_run_on_the_clock(start: datetime, amount: int) -> None:
    assert (add_limit(start, amount, "hours") - start).total_seconds() == amount * 3600


@given(instants, st.integers(1, 59), st.sampled_from(["hours", "calendar_days", "working_days"]))
def test_a_longer_limit_and_a_later_start_are_never_due_earlier(start: datetime, amount: int, unit: LimitUnit) -> None:
    due = add_limit(start, amount, unit)
    assert due > start
    assert due.utcoffset() == timedelta(0)
    assert add_limit(start, amount + 1, unit) > due
    assert add_limit(start + timedelta(hours=5), amount, unit) >= due


@given(known_days, st.integers(0, 200))
def test_working_days_between_agree_with_chinesecalendar(start: date, length: int) -> None:
    end = start + timedelta(days=length)
    expected = len(chinese_calendar.get_workdays(start, end)) - chinese_calendar.is_workday(start)
    assert working_days_between(start, end) == expected
    assert working_days_between(end, start) == -expected


@given(known_days, st.integers(1, 40))
def test_between_counts_back_what_a_limit_added(start: date, amount: int) -> None:
    due = add_limit(start_of(start), amount, "working_days")
    assert working_days_between(start, day_of(due - timedelta(seconds=1))) == amount


@pytest.mark.parametrize("amount", [0, -1, 5001, True])
def test_a_limit_of_nothing_is_refused(amount: int) -> None:
    with pytest.raises(ValueError, match="whole number"):
        add_limit(datetime(2026, 1, 1, tzinfo=UTC), amount, "working_days")


def test_an_instant_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        add_limit(datetime(2026, 1, 1), 1, "hours")
