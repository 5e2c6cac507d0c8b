"""How long there is left, and dates, in words, each limit in its own unit. Pure.

A limit in days is due at 00:00 of the day after its last: what is shown is its last day.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import floor

from services.console.wording import Words
from shared.domain.calendar import day_of, is_working_day, working_days_between
from shared.domain.said_day import said_day, said_instant

_INSTANT = timedelta(microseconds=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Remaining:
    """`text` for people; `is_late` when the limit has passed, `is_today` when today is its last day."""

    text: str
    is_late: bool
    is_today: bool


def remaining(due_at: datetime, now: datetime, unit: str, words: Words) -> Remaining:
    """`unit` is the limit's own: hours, calendar_days or working_days."""
    if unit == "hours":
        return _hours(due_at, now, words)
    today, last = day_of(now), day_of(due_at - _INSTANT)
    if now >= due_at:
        days = working_days_between(last, today) if unit == "working_days" else (today - last).days
        return Remaining(words(f"late.{unit}", max(days, 1)), True, False)
    if today == last:
        return Remaining(words("left.today"), False, True)
    days = working_days_between(today, last) if unit == "working_days" else (last - today).days
    text = words(f"left.{unit}", days) if days else words("left.until", day=day_words(last, now, words))
    return Remaining(text, False, False)


def _hours(due_at: datetime, now: datetime, words: Words) -> Remaining:
    """Hours run on the clock, holidays included; under two hours the minutes count."""
    minutes = floor(abs((due_at - now).total_seconds()) / 60)
    is_late = now >= due_at
    unit, number = ("hours", minutes // 60) if minutes >= 120 else ("minutes", max(minutes, 1))
    return Remaining(words(f"{'late' if is_late else 'left'}.{unit}", number), is_late, day_of(due_at) == day_of(now))


def day_words(day: date, now: datetime, words: Words) -> str:
    """In a row or a sentence of these days: 11 月 25 日 / 25 Nov; with its year when it is not this one."""
    return said_day(day, words.language, day_of(now).year, is_short=True)


def whole_day_words(day: date, words: Words) -> str:
    """Where it is kept or printed: 2026 年 11 月 25 日 / 25 November 2026."""
    return said_day(day, words.language)


def moment_words(instant: datetime, now: datetime, words: Words) -> str:
    """Day and time in China; the year only when it is not this one."""
    return said_instant(instant, words.language, day_of(now).year, is_short=True)


def whole_moment_words(instant: datetime, words: Words) -> str:
    return said_instant(instant, words.language)


def due_words(due_at: datetime, unit: str, now: datetime, words: Words) -> str:
    """Until when: an hour for a limit in hours, else the last day."""
    if unit == "hours":
        return moment_words(due_at, now, words)
    last = day_of(due_at - _INSTANT)
    return words("day.named", day=day_words(last, now, words), weekday=words("weekday." + WEEKDAYS[last.weekday()]))


def today_words(now: datetime, words: Words) -> str:
    """11 月 25 日 周三，本月第 18 个工作日."""
    today = day_of(now)
    before = date(today.year, today.month, 1) - timedelta(days=1)
    key = "day.today" if is_working_day(today) else "day.today_off"
    return words(
        key, day=day_words(today, now, words), weekday=words("weekday." + WEEKDAYS[today.weekday()]),
        nth=working_days_between(before, today),
    )  # fmt: skip


def span_words(since: datetime, now: datetime, words: Words) -> str:
    """How long something has lasted: minutes under two hours, hours under two days, then days."""
    minutes = max(floor((now - since).total_seconds() / 60), 0)
    if minutes < 1:
        return words("span.now")
    unit, number = next((unit, minutes // size) for unit, size, first in SPANS if minutes >= first)
    return words(f"span.{unit}", number)


SPANS = (("days", 1440, 2880), ("hours", 60, 120), ("minutes", 1, 1))
"""(unit, its minutes, from how many minutes on it is used), the longest first."""


def as_day(value: date | str) -> date:
    """A day as a service's JSON says it, or as it is."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def as_instant(value: datetime | str) -> datetime:
    """An instant as a service's JSON says it, or as it is."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
