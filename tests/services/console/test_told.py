"""Steps in words, in two grades: below township no sum, no department, no record id."""

import json
import re
from typing import Any
from uuid import uuid4

import pytest

from services.console import told
from services.console.projections.timeline import Step, placed, step_of
from services.console.told import Telling
from services.console.wording import Words
from shared.contracts.data import DataChanged
from shared.contracts.envelope import Event, schema_address
from shared.contracts.household import HouseholdRegistered
from shared.contracts.warning import WarningRaised
from shared.policy import load
from tests.services.console.scene import household, household_id, settlement, warning
from tests.tokens import GRID, VILLAGE

POLICY = load("regular-2026")
SECRETS = (
    "20410", "20,410", "48210", "48,210", "5,000", "5000", "61200", "medical_insurance", "医保局", "YB-2026", "住院",
    "hospital",
)  # fmt: skip


def event(kind: type[Event], type_: str, data: Any, **more: Any) -> Event:
    return kind(
        id=uuid4(), source="/tests", type=type_, dataschema=schema_address(kind.family), subject="s",
        partitionkey=str(household_id(1)), time="2026-11-24T02:00:00Z", sequence="000000000001", correlationid=uuid4(),
        region=VILLAGE, grid=GRID, data=data, **more,
    )  # fmt: skip


WITHDRAWN = settlement(1).model_copy(update={"values": None})
EVENTS: list[tuple[str, Event]] = [
    ("household.registered", event(HouseholdRegistered, "shouwang.household.registered.v1", household(1))),
    ("data.changed", event(DataChanged, "shouwang.data.changed.v1", settlement(1))),
    ("data.changed", event(DataChanged, "shouwang.data.corrected.v1", settlement(1, 2))),
    ("data.changed", event(DataChanged, "shouwang.data.withdrawn.v1", WITHDRAWN)),
    ("warning.raised", event(WarningRaised, "shouwang.warning.raised.v1", warning(1, "red", ("medical_burden",)))),
]


def row(step: Step) -> dict[str, Any]:
    return {name: getattr(step, name) for name in Step.__struct_fields__}


def all_told(one: dict[str, Any], telling: Telling) -> str:
    found = [told.what(one, telling), told.source(one, telling), told.who(one, telling)]
    return json.dumps([*found, told.sentence(one, telling), told.detail(one, telling)], ensure_ascii=False, default=str)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize(("topic", "event"), EVENTS, ids=[one.type for _, one in EVENTS])
def test_below_township_no_sum_no_department_and_no_record_is_told(topic: str, event: Event, language: str) -> None:
    text = all_told(row(step_of(topic, event)), Telling(Words(language, POLICY), "band", event.time, {}))
    assert [secret for secret in SECRETS if secret.lower() in text.lower()] == []
    assert not re.search(r"\d[\d,]*\.\d\d", text), "no amount of money"


def test_from_the_township_up_the_record_and_its_sums_are_told() -> None:
    exact = Telling(Words("zh-CN", POLICY), "exact", EVENTS[1][1].time, {})
    text = all_told(row(step_of(*EVENTS[1])), exact)
    assert "合规自付 20,410.50 元" in text and "医保局：医疗结算" in text
    assert told.source(row(step_of(*EVENTS[1])), exact) == {
        "department": "medical_insurance", "record_id": "YB-2026-000001", "version": 1,
    }  # fmt: skip
    assert "未核实" in all_told(row(step_of(*EVENTS[4])), exact)


def test_a_band_stands_where_a_record_was() -> None:
    band = Telling(Words("zh-CN", POLICY), "band", EVENTS[1][1].time, {})
    source = told.source(row(step_of(*EVENTS[1])), band)
    assert source == {"department": None, "record_id": None, "version": None, "band": "医疗负担较重"}
    assert told.sentence(row(step_of(*EVENTS[1])), band) == "有一条新情况：医疗负担较重"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize(("topic", "event"), EVENTS[1:], ids=[one.type for _, one in EVENTS[1:]])
def test_a_department_reads_a_band_where_another_departments_record_was(
    topic: str, event: Event, language: str
) -> None:
    def read_by(grade: str, department: str | None = None) -> str:
        return all_told(row(step_of(topic, event)), Telling(Words(language, POLICY), grade, event.time, {}, department))

    assert read_by("exact", "housing") == read_by("band")
    assert read_by("exact", "medical_insurance") == read_by("exact")


def test_a_step_holds_no_name_and_stands_in_its_households_place_of_now() -> None:
    step = step_of(*EVENTS[0])
    assert "张" not in json.dumps([step.what, step.exact], ensure_ascii=False)
    moved = placed(step, {step.household_id: ("341221102202", "341221102202-01")})
    assert (moved.region, moved.grid) == ("341221102202", "341221102202-01")
    assert placed(step, {}) == step


def test_an_unknown_type_is_shown_by_its_name() -> None:
    one = row(step_of(*EVENTS[0])) | {"type": "shouwang.story.made_up.v1"}
    telling = Telling(Words("en", POLICY), "exact", EVENTS[0][1].time, {})
    assert told.sentence(one, telling) == "shouwang.story.made_up.v1"


@pytest.mark.parametrize(
    ("language", "day", "sum_"), [("zh-CN", "2026 年 11 月 3 日", "20.00 元"), ("en", "3 November 2026", "20.00 yuan")]
)
def test_a_value_is_told_in_the_words_of_people(language: str, day: str, sum_: str) -> None:
    words = Words(language, POLICY)
    assert told.value_told("settled_on", "2026-11-03", words) == day
    assert told.value_told("cash_yuan", "20", words) == sum_
    assert [told.value_told("record_id", one, words) for one in ("2026-13-03", "2026-11-03-7")] == [
        "2026-13-03", "2026-11-03-7",
    ]  # fmt: skip


def test_a_refusal_names_the_last_day_for_an_appeal_in_words() -> None:
    closed = {"type": "shouwang.stage.closed.v1", "what": {"hop": "village_return", "appeal_until": "2026-12-12"}}
    one = row(step_of(*EVENTS[0])) | closed
    said = told.sentence(one, Telling(Words("zh-CN", POLICY), "exact", EVENTS[0][1].time, {}))
    assert said.endswith("（可申诉至 2026 年 12 月 12 日）")


@pytest.mark.parametrize(
    ("action", "reason", "why"), [("moved", None, "农户迁居，随户转办"), ("not_mine", "relative", "与本人是亲属")]
)
def test_a_task_that_is_another_s_says_why(action: str, reason: str | None, why: str) -> None:
    what = {"hop": "village_group", "step": "first_look", "action": action, "reason_code": reason}
    one = row(step_of(*EVENTS[0])) | {"type": "shouwang.stage.reassigned.v1", "what": what}
    said = told.sentence(one, Telling(Words("zh-CN", POLICY), "exact", EVENTS[0][1].time, {}))
    assert said == f"初核的任务改由他人办理（{why}）"


def test_what_was_answered_names_people_papers_and_the_comparison_by_their_words() -> None:
    band = Telling(Words("zh-CN", POLICY), "band", EVENTS[0][1].time, {"V-1": {"display_name": "于**"}})
    answered = {"visitors": ["V-1", "V-2"], "evidence": ["visit_record"], "comparison": "none", "objections": "none"}
    assert told.form_told({**answered, "yuan": None}, band) == [
        ("入户人员", "于**、V-2"), ("材料", "入户核查记录（两人以上）"), ("信息比对", "未发现不符合情形"),
        ("异议", "无"),
    ]  # fmt: skip
