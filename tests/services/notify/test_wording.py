"""The catalogues: the same keys in both languages, no placeholder left open, nothing told that must not be."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from string import Formatter
from typing import get_args

import pytest

from services.notify import wording
from services.notify.audience import Part
from services.notify.occasion import Occasion
from services.notify.subscribers.deadline_passed import STEPS
from services.notify.wording import LANGUAGES, Names, catalogue, concern_words, due_words, group_name
from shared.contracts.types import Hop
from shared.domain.concerns import BY_CODE, CONCERNS
from tests.services.notify.test_audience import arrived

FACTS = {"level", "hop", "concerns", "due", "place"}
PLACE = Names("八里槐村第 3 组", "Balihuai village, group 3")
TOLD = {
    "arrived": ("worker", "deputy", "stand_in", "office"),
    "reassigned": ("worker", "deputy", "stand_in", "office"),
    "passed": get_args(Part),
}


def every_notice() -> Iterator[tuple[Occasion, Part]]:
    for step, parts in TOLD.items():
        for part in parts:
            for hop in get_args(Hop):
                yield replace(arrived(hop), step=step), part


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_the_same_facts() -> None:
    zh, en = (catalogue(language) for language in LANGUAGES)
    assert zh.keys() == en.keys()
    for key in zh:
        if key.startswith("notice."):
            assert placeholders(zh[key]) == placeholders(en[key]), key
            assert placeholders(zh[key]) <= FACTS, key


def test_every_step_and_part_that_is_told_has_its_words() -> None:
    named = {tuple(key.split(".")[1:3]) for key in catalogue("en") if key.startswith("notice.")}
    assert named == {(step, part) for step, parts in TOLD.items() for part in parts}
    assert set(TOLD) >= STEPS


def test_no_placeholder_is_left_open_and_nothing_is_empty() -> None:
    for occasion, part in every_notice():
        told = wording.told(occasion, part, PLACE)
        for text in (told.title.zh, told.title.en, told.text.zh, told.text.en):
            assert text.strip() and not re.search(r"[{}]", text), (occasion.step, part, text)
            assert "None" not in text and "  " not in text
        assert len(told.title.zh) <= 38, "one line of a phone"


def test_a_notice_holds_no_sum_illness_or_number() -> None:
    forbidden = re.compile(r"元|yuan|癌|病|住院|医院|hospital|disease|cancer|\d{5,}", re.I)
    for occasion, part in every_notice():
        told = wording.told(replace(occasion, concerns=tuple(one.code for one in CONCERNS)), part, PLACE)
        for text in (told.title.zh, told.title.en, told.text.zh, told.text.en):
            assert not forbidden.search(text), text


def test_a_grid_worker_reads_the_concern_in_the_village_s_words_and_the_last_day() -> None:
    told = wording.told(arrived(), "worker", PLACE)
    assert told.title.zh == "橙色预警：请去看看一户"
    assert told.text.zh == "您网格里有一户医疗负担较重。请在 11 月 28 日（含）前核实，如实报告看到的情况。"
    assert told.text.en == (
        "A household in your grid: Medical costs weigh heavily. "
        "Please verify by the end of 28 November and report what you see, as it is."
    )


@pytest.mark.parametrize(
    ("due_at", "zh", "en"),
    [
        (datetime(2026, 11, 28, 16, tzinfo=UTC), "11 月 28 日（含）前", "by the end of 28 November"),
        (datetime(2026, 11, 28, 1, 5, tzinfo=UTC), "11 月 28 日 09:05 前", "by 09:05 on 28 November"),
        (datetime(2026, 12, 31, 16, tzinfo=UTC), "12 月 31 日（含）前", "by the end of 31 December"),
    ],
)
def test_a_limit_in_days_names_its_last_day_and_one_in_hours_its_minute(due_at: datetime, zh: str, en: str) -> None:
    assert (due_words(due_at, "zh-CN"), due_words(due_at, "en")) == (zh, en)


def test_concerns_are_three_at_most_and_an_unknown_one_is_not_shown() -> None:
    codes = [one.code for one in CONCERNS[:5]]
    assert concern_words(codes, "zh-CN").count("、") == 2
    assert concern_words(["no_such_concern"], "en") == BY_CODE["other"].band_en
    assert concern_words([], "zh-CN") == BY_CODE["other"].band_zh
    assert concern_words(["medical_burden", "unsafe_house"], "en") == (
        "Medical costs weigh heavily; the house needs a safety check"
    )


def test_a_group_is_called_by_its_number_until_its_office_has_a_name() -> None:
    assert group_name("341221102201-03") == Names("第 3 组", "group 3")
    assert group_name("341221102201-E") == group_name(None) == Names("本村", "the village")
