"""Days and instants in the words of people: no ISO form, China's clock."""

from datetime import UTC, date, datetime

import pytest

from shared.domain.said_day import said_day, said_in_both, said_instant, said_month

DAY = date(2026, 11, 7)


@pytest.mark.parametrize(
    ("language", "this_year", "is_short", "said"),
    [
        ("zh-CN", None, False, "2026 年 11 月 7 日"),
        ("zh-CN", 2026, False, "11 月 7 日"),
        ("zh-CN", 2027, True, "2026 年 11 月 7 日"),
        ("en", None, False, "7 November 2026"),
        ("en", 2026, False, "7 November"),
        ("en", 2026, True, "7 Nov"),
        ("en", 2027, True, "7 Nov 2026"),
    ],
)
def test_a_day_is_said_with_its_year_unless_it_is_this_one(
    language: str, this_year: int | None, is_short: bool, said: str
) -> None:
    assert said_day(DAY, language, this_year, is_short=is_short) == said


def test_a_sentence_that_is_kept_names_the_year_in_both_languages() -> None:
    assert said_in_both(DAY) == ("2026 年 11 月 7 日", "7 November 2026")


def test_an_instant_is_said_by_chinas_clock() -> None:
    late = datetime(2026, 12, 31, 16, 5, tzinfo=UTC)
    assert said_instant(late, "zh-CN", 2026) == "2027 年 1 月 1 日 00:05"
    assert said_instant(late, "en", 2027, is_short=True) == "1 Jan 00:05"
    with pytest.raises(ValueError, match="offset"):
        said_instant(datetime(2026, 12, 31), "en")


def test_a_month_is_said_short() -> None:
    assert [said_month(DAY, one, year) for one in ("zh-CN", "en") for year in (2026, 2027)] == [
        "11 月", "2026 年 11 月", "Nov", "Nov 2026",
    ]  # fmt: skip
