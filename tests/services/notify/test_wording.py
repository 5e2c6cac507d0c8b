"""The catalogues: the same keys in both languages, no placeholder left open, nothing told that must not be."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
import yaml

from services.notify import wording
from services.notify.audience import Part
from services.notify.occasion import Occasion
from services.notify.wording import LANGUAGES, catalogue, concern_words, due_words, group_name, hop_words
from shared.contracts.deadline import LadderStep
from shared.contracts.types import Hop
from shared.domain.concerns import BY_CODE, CONCERNS
from shared.policy import Names, load
from tests.services.notify.test_audience import arrived

PAGES = Path(__file__).parents[3] / "services/console/wording/farmer.zh-CN.yaml"
FACTS = {"level", "hop", "concerns", "due", "place"}
PLACE = Names("八里槐村第 3 组", "Balihuai village, group 3")
TOLD: dict[str, tuple[Part, ...]] = {
    "arrived": ("worker", "deputy", "stand_in", "office"),
    "reassigned": ("worker", "deputy", "stand_in", "office"),
    "near": ("worker", "deputy", "stand_in", "office"),
    "passed": ("worker", "deputy", "stand_in", "office", "leader"),
    "urged": ("leader",),
    "supervised": ("supervisor", "leader"),
    "reported": ("superior",),
    "unread": ("deputy", "leader", "head"),
    "unmatched": ("office", "stand_in", "head"),
    "match_overdue": ("leader", "office", "stand_in", "head"),
}
ANSWERS = ("received", "visit_planned", "public_notice", "identified", "refused", "appealable", "helped")
LADDER = {"near", "passed", "urged", "supervised", "reported"}


def every_notice() -> Iterator[tuple[Occasion, Part]]:
    for step, parts in TOLD.items():
        told: tuple[Part, ...] = (*parts, "head")
        for part in told:
            for hop in get_args(Hop):
                yield replace(arrived(hop), step=step), part
                yield replace(arrived(hop), step=step, not_to="gw-1"), part
    for hop, hop_step in every_step():
        yield replace(arrived(hop), hop_step=hop_step, is_green=True), "office"


def every_step() -> list[tuple[Hop, str]]:
    return [(hop.hop, step.code) for hop in load("regular-2026").route for step in hop.steps]


def every_answer() -> Iterator[tuple[str, wording.Worded]]:
    for step in ANSWERS:
        for basis in (None, Names("家庭人均纯收入高于当地标准", "income per person above the local line")):
            yield step, wording.answer(step, date(2026, 12, 1), basis)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_the_same_facts() -> None:
    zh, en = (catalogue(language) for language in LANGUAGES)
    assert zh.keys() == en.keys()
    for key in zh:
        if key.startswith("notice."):
            assert placeholders(zh[key]) == placeholders(en[key]), key
            assert placeholders(zh[key]) <= FACTS, key


@pytest.mark.parametrize("step", ["unmatched", "match_overdue"])
def test_of_a_report_without_a_case_no_hop_is_asked_for(step: str) -> None:
    told = wording.told(replace(arrived(), step=step, hop=None), "head", PLACE)
    assert "核对是哪一户" in told.text.zh and "which household it is" in told.text.en.lower()
    assert "完成" not in told.text.zh


def test_every_step_and_part_that_is_told_has_its_words() -> None:
    named = {tuple(key.split(".")[1:3]) for key in catalogue("en") if key.startswith("notice.")}
    assert named == {(step, part) for step, parts in TOLD.items() for part in parts} | {("any", "head")}
    assert set(TOLD) >= set(get_args(LadderStep)) == LADDER
    answered = {key.split(".")[1] for key in catalogue("en") if key.startswith("household.")}
    assert answered == set(ANSWERS)


def test_every_step_of_the_route_is_called_by_a_name_of_its_own_in_both_languages() -> None:
    for language in LANGUAGES:
        names = [hop_words(hop, step, language) for hop, step in every_step()]
        assert all(names)
        own = [(hop, step) for hop, step in every_step() if f"step.{hop}.{step}" not in catalogue(language)]
        assert own == [], own


def test_a_household_reads_plain_words_a_day_and_whom_to_ask_and_never_why_it_is_in_difficulty() -> None:
    forbidden = re.compile(r"监测对象|元|yuan|癌|病|住院|医院|残|hospital|disease|cancer|\d{5,}", re.I)
    for step, told in every_answer():
        for text in (told.title.zh, told.title.en, told.text.zh, told.text.en):
            assert text.strip() and not re.search(r"[{}]", text) and "None" not in text
            assert not forbidden.search(text), (step, text)
    refused = dict(every_answer())["refused"].text
    assert all(
        word in refused.zh for word in ("不符合", "依据：家庭人均纯收入高于当地标准", "救济途径", "申诉", "重新申报")
    )
    assert wording.answer("refused", None, None).text.zh.count("见书面告知") == 1
    assert "12 月 1 日" in wording.answer("visit_planned", date(2026, 12, 1), None).title.zh


def test_a_household_s_receipt_is_called_as_on_the_page_where_it_is_looked_up() -> None:
    page = yaml.safe_load(PAGES.read_text("utf-8"))
    assert page["apply"]["receipt"] in catalogue("zh-CN")["household.received.text"]


def test_no_placeholder_is_left_open_and_nothing_is_empty() -> None:
    for occasion, part in every_notice():
        told = wording.told(occasion, part, PLACE)
        for text in (told.title.zh, told.title.en, told.text.zh, told.text.en):
            assert text.strip() and not re.search(r"[{}]", text), (occasion.step, part, text)
            assert "None" not in text and "  " not in text
        assert len(told.title.zh) <= 38, "one line of a phone"


def test_a_task_that_came_with_its_household_is_told_as_arrived_and_one_handed_over_as_such() -> None:
    moved, given = (replace(arrived(), step="reassigned", not_to=by) for by in (None, "gw-1"))
    for part in TOLD["reassigned"]:
        assert wording.told(moved, part, PLACE) == wording.told(arrived(), part, PLACE)
        assert wording.told(given, part, PLACE) != wording.told(arrived(), part, PLACE)
    assert "组里说明不归其办理" in wording.told(given, "stand_in", PLACE).text.zh


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
