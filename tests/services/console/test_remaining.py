"""Time left in words, each limit in its own unit."""

from datetime import date, datetime, timedelta

import pytest

from services.console.remaining import day_words, due_words, moment_words, remaining, today_words
from services.console.wording import Words
from shared.domain.calendar import SHANGHAI, add_limit
from shared.policy import load

ZH, EN = (Words(language, load("regular-2026")) for language in ("zh-CN", "en"))
NOW = datetime(2026, 11, 25, 8, 30, tzinfo=SHANGHAI)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("due", "unit", "zh", "en", "is_late"),
    [
        ("2026-11-28T00:00", "working_days", "还剩 2 个工作日", "2 working days left", False),
        ("2026-11-27T00:00", "working_days", "还剩 1 个工作日", "1 working day left", False),
        ("2026-11-26T00:00", "working_days", "今天到期", "due today", False),
        ("2026-11-25T00:00", "working_days", "已超期 1 个工作日", "1 working day late", True),
        ("2026-11-29T00:00", "calendar_days", "还剩 3 天", "3 days left", False),
        ("2026-11-26T00:00", "calendar_days", "今天到期", "due today", False),
        ("2026-11-25T00:00", "calendar_days", "已超期 1 天", "1 day late", True),
        ("2026-11-23T00:00", "calendar_days", "已超期 3 天", "3 days late", True),
        ("2026-11-26T07:00", "hours", "还剩 22 小时", "22 hours left", False),
        ("2026-11-25T09:30", "hours", "还剩 60 分钟", "60 minutes left", False),
        ("2026-11-25T08:30", "hours", "已超期 1 分钟", "1 minute late", True),
        ("2026-11-25T05:30", "hours", "已超期 3 小时", "3 hours late", True),
    ],
)
def test_what_is_left_is_told_in_the_limits_own_unit(due: str, unit: str, zh: str, en: str, is_late: bool) -> None:
    assert remaining(at(due), NOW, unit, ZH).text == zh
    assert remaining(at(due), NOW, unit, EN).text == en
    assert remaining(at(due), NOW, unit, ZH).is_late is is_late


def test_a_weekend_before_a_working_days_end_says_the_day_and_not_nought() -> None:
    saturday = at("2026-11-28T10:00")
    due = add_limit(at("2026-11-26T10:00"), 1, "working_days")
    assert remaining(due, saturday, "working_days", ZH).is_late
    sunday_end = at("2026-11-30T00:00")
    assert remaining(sunday_end, saturday, "working_days", ZH).text == "11 月 29 日到期"


def test_a_limit_in_days_shows_its_last_day_and_one_in_hours_its_hour() -> None:
    assert due_words(at("2026-11-28T00:00"), "calendar_days", NOW, ZH) == "11 月 27 日 周五"
    assert due_words(at("2026-11-26T08:30"), "hours", NOW, EN) == "26 Nov 08:30"


def test_a_day_of_another_year_is_told_with_its_year() -> None:
    assert moment_words(at("2025-12-31T23:59"), NOW, ZH) == "2025 年 12 月 31 日 23:59"
    assert moment_words(at("2025-12-31T23:59"), NOW, EN) == "31 Dec 2025 23:59"
    assert [day_words(date(2025, 12, 31), NOW, words) for words in (ZH, EN)] == ["2025 年 12 月 31 日", "31 Dec 2025"]
    assert moment_words(NOW - timedelta(hours=1), NOW, ZH) == "11 月 25 日 07:30"


def test_the_top_line_tells_weekday_and_working_day() -> None:
    assert today_words(NOW, ZH) == "11 月 25 日 周三，本月第 18 个工作日"
    assert "not a working day" in today_words(at("2026-11-28T08:00"), EN)
