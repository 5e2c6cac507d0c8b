"""The working calendar of China and the limits that run on it (holidays with swapped days).

`working_days.csv` holds every day that differs from its weekday, 2004 to 2026, as the State Council
announced them (taken from chinesecalendar 1.11.0; the tests compare all days with that package, and say
what to add when a new year is out). A year that is not announced yet is provisional: weekdays work, and
whoever shows such a limit says so.
"""

import csv
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, assert_never
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
ANNOUNCED = range(2004, 2027)
"""The years whose holidays are known."""

LimitUnit = Literal["hours", "calendar_days", "working_days"]
AMOUNT_MAX = 5000
"""No limit of the field comes near; it bounds the search for a working day."""

_ONE = timedelta(days=1)


def day_of(instant: datetime) -> date:
    """The day on which an instant falls in China. Raises ValueError for one without offset."""
    if instant.utcoffset() is None:
        raise ValueError("an instant without offset is nobody's day")
    return instant.astimezone(SHANGHAI).date()


@lru_cache(maxsize=4096)
def start_of(day: date) -> datetime:
    """The first instant of a day in China, in UTC."""
    return datetime.combine(day, time.min, SHANGHAI).astimezone(UTC)


def is_working_day(day: date) -> bool:
    """Whether offices work: weekdays but holidays, and weekend days worked in exchange."""
    return _differing().get(day, day.weekday() < 5)


def is_provisional(first: date, last: date | None = None) -> bool:
    """Whether an answer about these days (both included) rests on a year that is not announced."""
    return not (first.year in ANNOUNCED and (last or first).year in ANNOUNCED)


def add_limit(start: datetime, amount: int, unit: LimitUnit) -> datetime:
    """When a limit that starts now is due, in UTC.

    Hours run on the clock, holidays included. A limit in days does not count the day on which it starts and
    ends with the last of its days: due is 24:00 of that day in China, given as 00:00 of the next, and
    exclusive — what is done before that instant is in time. Calendar days count holidays, and are not
    prolonged by one at their end. Raises ValueError for an amount outside 1..5000 or an instant without
    offset.
    """
    if isinstance(amount, bool) or not 1 <= amount <= AMOUNT_MAX:
        raise ValueError(f"a limit is a whole number from 1 to {AMOUNT_MAX}")
    first = day_of(start)
    match unit:
        case "hours":
            return start.astimezone(UTC) + timedelta(hours=amount)
        case "calendar_days":
            return start_of(first + timedelta(days=amount + 1))
        case "working_days":
            return start_of(_working_day_after(first, amount) + _ONE)
        case _:
            assert_never(unit)


def due_before_announced(start: datetime, working_days: int, year: int) -> datetime:
    """When a limit in working days was due while this year was not announced and its weekdays stood for them."""
    day = day_of(start)
    while working_days:
        day += _ONE
        working_days -= is_working_day(day) if day.year < year else day.weekday() < 5
    return start_of(day + _ONE)


def working_days_between(start: date, end: date) -> int:
    """How many working days lie behind `start`, up to and with `end`; negative when `end` comes first."""
    if end < start:
        return -working_days_between(end, start)
    return sum(is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))


def _working_day_after(day: date, nth: int) -> date:
    while nth:
        day += _ONE
        nth -= is_working_day(day)
    return day


@cache
def _differing() -> Mapping[date, bool]:
    path = Path(__file__).with_name("working_days.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return MappingProxyType({date.fromisoformat(row["day"]): row["is_working"] == "1" for row in rows})
