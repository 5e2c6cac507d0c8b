"""Days, months and instants as people say them, Chinese first and English beside it: 2026 年 11 月 27 日, 27 November
2026, 27 Nov; the clock is China's, 24 hours. One way for every page, notice and answer; exports and contracts keep
ISO 8601.
"""

from datetime import date, datetime

from shared.domain.calendar import SHANGHAI, day_of

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
SHORT = 3
"""Letters of an English month in a table."""


def said_day(day: date, language: str, this_year: int | None = None, *, is_short: bool = False) -> str:
    """A day; of `this_year` without the year. In English a short one has three letters of its month, in Chinese it is
    short already."""
    is_near = day.year == this_year
    if language.startswith("zh"):
        return f"{'' if is_near else f'{day.year} 年 '}{day.month} 月 {day.day} 日"
    return f"{day.day} {_month(day.month, is_short)}{'' if is_near else f' {day.year}'}"


def said_in_both(day: date) -> tuple[str, str]:
    """A day with its year in Chinese and in English, for a sentence that is kept in both."""
    return said_day(day, "zh-CN"), said_day(day, "en")


def said_instant(instant: datetime, language: str, this_year: int | None = None, *, is_short: bool = False) -> str:
    """The day in China and its minute. Raises ValueError for an instant without offset."""
    return f"{said_day(day_of(instant), language, this_year, is_short=is_short)} {said_minute(instant)}"


def said_minute(instant: datetime) -> str:
    """08:05, in China."""
    return f"{instant.astimezone(SHANGHAI):%H:%M}"


def said_month(first: date, language: str, this_year: int | None = None) -> str:
    """The month of a day, short; of `this_year` without the year."""
    is_near = first.year == this_year
    if language.startswith("zh"):
        return f"{'' if is_near else f'{first.year} 年 '}{first.month} 月"
    return f"{_month(first.month, True)}{'' if is_near else f' {first.year}'}"


def _month(month: int, is_short: bool) -> str:
    name = MONTHS[month - 1]
    return name[:SHORT] if is_short else name
