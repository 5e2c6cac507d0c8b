"""The page of rules' hits without a browser: its names, its shares, its sums."""

from typing import Any

import pytest

from services.console.pages.rules import added_up, month_of, month_words, percent, row_of
from services.console.wording import Words
from shared.policy import load

ZH, EN = (Words(language, load("regular-2026")) for language in ("zh-CN", "en"))
ITEM: dict[str, Any] = {
    "rule": "housing.house_grade", "department": "housing", "is_exempt": False, "values": ["D"], "is_flagged": True,
    "warned": 260, "closed": 230, "hits": 3, "misses": 197, "neither": 30, "share": 0.015,
    "months": [
        {"month": "2026-10", "warned": 250, "closed": 230, "hits": 3, "misses": 197, "neither": 30},
        {"month": "2026-11", "warned": 10, "closed": 0, "hits": 0, "misses": 0, "neither": 0},
    ],
}  # fmt: skip


def test_a_rule_is_named_in_words_with_the_part_that_is_exempt() -> None:
    exempt = ITEM | {"is_exempt": True, "is_flagged": False}
    assert [row_of(one, words)["name"] for words in (ZH, EN) for one in (ITEM, exempt)] == [
        "房屋安全等级（D 除外）", "房屋安全等级（D）", "Grade of the house (other than D)", "Grade of the house (D)",
    ]  # fmt: skip
    assert row_of(ITEM | {"values": []}, ZH)["name"] == "房屋安全等级"


def test_a_row_says_its_numbers_and_a_month_without_any_a_dash() -> None:
    row = row_of(ITEM, ZH)
    assert (row["share"], row["months"], row["is_flagged"]) == ("1.5%", ["3/200", "–"], True)
    assert row["hits"] + row["misses"] + row["neither"] == row["closed"]
    assert row_of(ITEM | {"hits": 0, "misses": 0, "share": None}, ZH)["share"] == ""
    assert month_of(ITEM["months"][1]) == "–"


def test_all_rules_together_add_up() -> None:
    sums = added_up([ITEM, ITEM])
    assert sums == {"warned": 520, "closed": 460, "hits": 6, "misses": 394, "neither": 60}
    assert sums["hits"] + sums["misses"] + sums["neither"] == sums["closed"]


@pytest.mark.parametrize(("share", "said"), [(0.02, "2%"), (1, "100%"), (0, "0%"), (0.1234, "12.34%"), (0.1, "10%")])
def test_a_share_is_said_with_no_more_digits_than_it_has(share: float, said: str) -> None:
    assert percent(share) == said


def test_a_month_is_named_and_january_with_its_year() -> None:
    assert [month_words(one, words) for words in (ZH, EN) for one in ("2025-12", "2026-01")] == [
        "12 月", "2026 年 1 月", "Dec", "Jan 2026",
    ]  # fmt: skip
