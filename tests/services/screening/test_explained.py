"""An explanation holds what a text of the contract holds: whole findings, the gravest first, and how many more."""

from dataclasses import replace as dataclass_replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from pydantic import ValidationError

from services.screening import judging
from services.screening.explain import NEW_RISK, TEXT_MAX, why_not
from services.screening.judge import looked_at
from services.screening.lines import lines_on
from services.screening.rules import housing
from services.screening.rules.finding import Sight
from services.screening.subscribers import subscribers
from services.screening.warning import Row
from shared.contracts.warning import WarningState, Words
from shared.domain.concerns import CONCERNS
from shared.messaging.room import Decision, Input, State
from shared.policy import load
from tests.services.screening.people import NOW, TODAY, changed, closed, fact, household_id, paid, registered, reported
from tests.services.screening.test_counterfactual import facts_of

H = household_id(1)
SUBSCRIBERS = {one.topic: one for one in subscribers(load("regular-2026"))}
COSTLY = paid(6000, id="YB-1")
DANGEROUS = {"house": "D", "day": "2026-10-01"}
YOUNG = {"labour": ["无劳动力"] * 40, "born": [2012] * 40, "poverty_history": "lifted_out"}


def told_of(*events: Input) -> WarningState:
    told = decided({("homes",): {}}, *events).emits[-1].data
    assert isinstance(told, WarningState)
    return told


def decided(state: State, *events: Input) -> Decision:
    """The last decision; the state is carried on."""
    decision = Decision()
    for event in events:
        decision = SUBSCRIBERS[event.topic].decide(state, event, NOW)
        state.update(decision.puts)
    return decision


def _many(count: int) -> list[Input]:
    """So many findings: children out of school, and a dangerous house last."""
    children: list[dict[str, Any]] = [
        {"enrolment": "dropped_out", "stage": "junior", "day": "2026-09-20", "person": n} for n in range(1, count)
    ]
    return [changed(H, number, said) for number, said in enumerate([*children, DANGEROUS], 1)]


def test_twelve_findings_and_more_are_told_as_far_as_a_text_holds_them() -> None:
    left = 0
    for count in (1, 6, 12, 40):
        state = told_of(registered(H, 1, YOUNG), *_many(count))
        assert len(state.findings) == count, "none is left out of the warning itself"
        words = state.explanation
        assert max(map(len, (words.exact.zh, words.exact.en, words.band.zh, words.band.en))) <= TEXT_MAX
        assert words.exact.zh.startswith(state.findings[0].explanation.exact.zh), "the gravest first"
        sentences = [one.explanation.exact.en for one in state.findings]
        told = next(n for n in range(count, -1, -1) if words.exact.en.startswith(" ".join(sentences[:n])))
        left = count - told
        assert words.exact.en == " ".join([*sentences[:told], *([f"And {left} more."] if left else [])])
        assert words.exact.zh.endswith(f"另有 {left} 项。") == (left > 0)
    assert left > 0


def test_all_that_can_be_reported_is_told_whole() -> None:
    every = tuple(one.code for one in CONCERNS)
    state = told_of(
        registered(H, 1, YOUNG | {"monitoring": "monitored"}),
        *_many(40),
        reported(H, 1, number=1, concerns=every, is_green=True),
        reported(H, 2, number=2, cause="clue", concerns=every),
    )
    assert all(one.zh in state.explanation.exact.zh for one in CONCERNS)
    assert state.explanation.exact.zh.endswith("项。")


def test_why_not_warned_holds_no_more_than_a_text_either() -> None:
    records = [fact(H, n, {"enrolment": "enrolled", "day": f"2026-09-{n % 27 + 1:02}", "person": n}) for n in range(90)]
    facts, sight = facts_of(records), Sight("others", None, 1, {})
    words = why_not(looked_at(facts, [sight], lines_on("regular-2026", TODAY), TODAY))
    assert max(len(words.zh), len(words.en)) <= TEXT_MAX and words.zh.endswith("项，不预警。")


def test_a_household_that_is_monitored_or_helped_already_is_a_new_risk_by_its_records_alone() -> None:
    for status, is_new in (("monitored", True), ("eliminated", True), ("none", False)):
        words = told_of(registered(H, 1, {"monitoring": status}), changed(H, 1, DANGEROUS)).explanation
        assert (NEW_RISK.zh in words.exact.zh, NEW_RISK.en in words.band.en) == (is_new, is_new)


@pytest.mark.parametrize(("is_held_back", "word"), [(False, "unchanged"), (True, "still_suppressed")])
def test_what_would_read_otherwise_by_now_is_written_anew_once_and_told_to_nobody(
    is_held_back: bool, word: str
) -> None:
    """So it is after an upgrade that says the same in other words: yesterday's mark is none of today's."""
    state: State = {("homes",): {}}
    [raised] = decided(state, registered(H, 1, YOUNG), changed(H, 1, COSTLY)).emits
    assert isinstance(raised.data, WarningState)
    if is_held_back:
        decided(state, closed(H, 1, raised.data.warning_id))
    digest = state["digest", str(H)]
    state["digest", str(H)] = replace(digest, spoken=replace(digest.spoken, reads=digest.spoken.reads ^ 1))
    first = decided(state, changed(H, 2, COSTLY))
    [row] = first.rows
    assert (first.word, first.emits, isinstance(row, Row)) == (word, (), True)
    assert "最近一笔 2026 年 10 月 1 日结算" in row.state.explanation.exact.zh
    if is_held_back:
        assert "2027 年 2 月 23 日起仍存在" in row.state.suppression.words.zh
        assert "from 23 February 2027 on" in row.state.suppression.words.en
    second = decided(state, changed(H, 3, COSTLY))
    assert (second.word, second.emits, second.rows) == (word, (), ())


def test_a_warning_that_its_contract_refuses_is_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a rule says: a word of no level, a text that is too long, one with a NUL."""
    assert WarningState.model_validate_json(told_of(changed(H, 1, DANGEROUS)).model_dump_json()).level == "red"
    right = housing.sentence
    for part, wrong in (
        ("GRADE", "x" * 65),
        ("DEPARTMENT", ""),
        ("sentence", lambda found: Words(zh="长" * 2001, en="")),
        ("sentence", lambda found: Words(zh="\x00", en="")),
        ("sentence", lambda found: right(found).zh),
    ):
        with monkeypatch.context() as patch, pytest.raises((ValidationError, KeyError)):
            patch.setattr(housing, part, wrong)
            told_of(changed(H, 1, DANGEROUS))


@pytest.mark.parametrize(
    ("days", "zh", "en"),
    [
        (30, "近三十天内第二次反映。", "Report number 2 within 30 days."),
        (45, "近四十五天内第二次反映。", "Report number 2 within 45 days."),
        (1, "近一天内第二次反映。", "Report number 2 within a day."),
    ],
)
def test_how_often_is_said_of_the_days_over_which_the_package_counts(
    monkeypatch: pytest.MonkeyPatch, days: int, zh: str, en: str
) -> None:
    lines = dataclass_replace(lines_on("regular-2026", TODAY), counted_over=timedelta(days=days))
    monkeypatch.setattr(judging, "lines_on", lambda *_: lines)
    words = told_of(registered(H, 1, YOUNG), reported(H, 1, "repeated", times=2)).explanation
    assert zh in words.exact.zh and en in words.exact.en
    assert "反映" not in words.band.zh, "the village does not read how often"


@pytest.mark.parametrize("policy", ["regular-2026", "transition-2021-2025"])
def test_reports_are_counted_over_the_packages_days(policy: str) -> None:
    days = load(policy).value("declaration.attached", TODAY).value
    assert lines_on(policy, TODAY).counted_over == timedelta(days=int(days))
