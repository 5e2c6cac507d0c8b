"""What would have to be different is true: a smaller change leaves a rule speaking, the named one silences it."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.screening.explain import silent_if
from services.screening.facts import Facts, replaced
from services.screening.household import Known
from services.screening.judge import judge, looked_at, sights_of
from services.screening.lines import lines_on
from services.screening.rules import RULES
from services.screening.rules.finding import Change, Measured
from services.screening.subscribers.household_registered import known_of
from shared.contracts.data import Fact
from shared.policy import load
from tests.services.screening.people import TODAY, fact, household_id, registered

POLICY = load("regular-2026")
LINES = lines_on("regular-2026", TODAY)
CENT, DAY = Decimal("0.01"), timedelta(days=1)
days = st.dates(date(2025, 9, 1), TODAY)


def yuan(most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(1, most * 100).map(lambda cents: Decimal(cents) / 100)


def words(**gives: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"day": days, "person": st.integers(1, 3)} | gives)


RECORDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "medical_insurance": words(settlement=yuan(14_000))
    | words(cover=st.sampled_from(("insured", "uninsured", "paused", "arrears", "employee"))),
    "housing": words(house=st.sampled_from("ABCD")),
    "education": words(enrolment=st.sampled_from(("enrolled", "suspected_dropout", "dropped_out", "not_enrolled")))
    | words(cost=yuan(16_000), year=st.just(2026), subsidy=yuan(2_000)),
    "water": words(
        water=st.sampled_from(("normal", "interrupted", "restored")), since=days,
        quality=st.sampled_from(("pass", "fail", None)),
    ),
    "civil_affairs": words(
        allowance=st.sampled_from(("subsistence", "extreme_poverty", "orphan")),
        change=st.sampled_from(("granted", "ended", "adjusted")),
    ),
    "human_resources": words(work=st.sampled_from(("employed", "returned", "unemployed")), since=days)
    | words(owed=yuan(9_000)),
    "rural_revitalization": words(failed=yuan(12_000)),
}  # fmt: skip
"""What each department of RULES may send; one more rule is one more line here."""

BORN = (None, 1990, *range(2008, 2012), *range(2018, 2022))
households = st.fixed_dictionaries(
    {
        "poverty_history": st.sampled_from(("none", "lifted_out")),
        "income": st.none() | st.integers(5_000, 60_000),
        "labour": st.lists(st.sampled_from(("普通劳动力", "无劳动力", None)), min_size=3, max_size=3),
        "born": st.lists(st.sampled_from(BORN), min_size=3, max_size=3),
    }
)


def facts_of(records: Sequence[Fact]) -> Facts:
    facts: Facts = {}
    for one in records:
        facts = replaced(facts, one)
    return facts


def found_in(records: Sequence[Fact], known: Known) -> dict[str, Measured]:
    return {one.key: one for one in judge(facts_of(records), sights_of(known, POLICY), LINES, TODAY).found}


def with_(records: Sequence[Fact], change: Change, value: Any) -> list[Fact]:
    """The same records, but that this one says something else."""
    return [_changed(one, change.field, value) if one.record_id == change.record_id else one for one in records]


def _changed(one: Fact, field: str, value: Any) -> Fact:
    if field == "occurred_on":
        return one.model_copy(update={field: value})
    assert one.values is not None
    return one.model_copy(update={"values": one.values.model_copy(update={field: value})})


def turned(records: Sequence[Fact], change: Change) -> Iterator[tuple[bool, Any]]:
    """(whether the change goes as far as is named, what the field then says)."""
    record = next(one for one in records if one.record_id == change.record_id)
    match change.comparison:
        case "under":
            yield False, _number(record, change.field) - Decimal(change.by)
            yield True, _number(record, change.field) - Decimal(change.by) - CENT
        case "at_least":
            yield False, _number(record, change.field) + Decimal(change.by) - CENT
            yield True, _number(record, change.field) + Decimal(change.by)
        case "on_or_after":
            assert _day(record, change.field) + int(change.by) * DAY == date.fromisoformat(change.value)
            yield False, date.fromisoformat(change.value) - DAY
            yield True, date.fromisoformat(change.value)
        case "before":
            assert _day(record, change.field) - int(change.by) * DAY == date.fromisoformat(change.value) - DAY
            yield False, date.fromisoformat(change.value)
            yield True, date.fromisoformat(change.value) - DAY
        case "one_of":
            assert record.values is not None
            allowed = [
                one
                for one in _literals(type(record.values).model_fields[change.field].annotation)
                if isinstance(one, str)
            ]
            assert set(change.value.split("|")) <= set(allowed), "the words of the contract"
            yield from ((one in change.value.split("|"), one) for one in allowed)
        case other:
            raise AssertionError(f"{other} is not tried here: add it")


def _number(record: Fact, field: str) -> Decimal:
    said = getattr(record.values, field)
    return said if said is not None else record.values.self_paid_yuan  # type: ignore[union-attr]


def _day(record: Fact, field: str) -> date:
    found: date = record.occurred_on if field == "occurred_on" else getattr(record.values, field)
    return found


def _literals(annotation: Any) -> list[Any]:
    parts = get_args(annotation)
    return [one for part in parts for one in (_literals(part) if get_args(part) else [part])]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.DEPARTMENT)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), households)
def test_a_smaller_change_leaves_the_rule_speaking_and_the_named_one_silences_it(
    rule: Any, data: st.DataObject, household: dict[str, Any]
) -> None:
    told = data.draw(st.lists(RECORDS[rule.DEPARTMENT], min_size=1, max_size=5))
    records = [fact(household_id(1), number, said) for number, said in enumerate(told)]
    known = known_of(registered(household_id(1), 1, household).body)
    for key, found in found_in(records, known).items():
        assert found.unless.record_id in found.record_ids
        assert silent_if(found).zh.startswith("若") and silent_if(found).zh.endswith("则不预警。")
        for is_far_enough, value in turned(records, found.unless):
            still = found_in(with_(records, found.unless, value), known)
            assert (key in still) != is_far_enough, (found, value)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.DEPARTMENT)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), households)
def test_what_was_in_order_speaks_after_the_named_change_and_not_after_a_smaller_one(
    rule: Any, data: st.DataObject, household: dict[str, Any]
) -> None:
    told = data.draw(st.lists(RECORDS[rule.DEPARTMENT], min_size=1, max_size=4))
    records = [fact(household_id(1), number, said) for number, said in enumerate(told)]
    known = known_of(registered(household_id(1), 1, household).body)
    before = found_in(records, known)
    for quiet in looked_at(facts_of(records), sights_of(known, POLICY), LINES, TODAY):
        if quiet.speaks_if is None:
            continue
        for is_far_enough, value in turned(records, quiet.speaks_if):
            after = found_in(with_(records, quiet.speaks_if, value), known)
            new = {one.rule for key, one in after.items() if key not in before}
            assert (quiet.rule in new) == is_far_enough, (quiet, value)


@pytest.mark.parametrize(("ago", "by"), [(0, "8"), (7, "1")])
def test_water_that_is_off_is_as_many_days_from_its_line_as_it_would_have_to_be_off_longer(ago: int, by: str) -> None:
    off = fact(household_id(1), 1, {"water": "interrupted", "day": TODAY.isoformat(), "since": TODAY - ago * DAY})
    [quiet] = looked_at(facts_of([off]), sights_of(None, POLICY), LINES, TODAY)
    assert quiet.speaks_if is not None and quiet.speaks_if.by == by
    assert [is_far_enough for is_far_enough, _ in turned([off], quiet.speaks_if)] == [False, True]
