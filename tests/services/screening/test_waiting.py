"""What time alone changes is announced as a day, and none is missed; what pruning keeps answers alike ever after."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.screening.lines import lines_on
from services.screening.rules import BY_DEPARTMENT, civil_affairs, education
from services.screening.rules.finding import Live, Measured, Rule, Sight
from services.screening.rules.window import first_within, months_after, newest_words
from shared.contracts.data import Fact
from tests.services.screening.people import TODAY, fact, household_id, person

RULES = BY_DEPARTMENT
LINES = lines_on("regular-2026", date(2026, 11, 25)).rules
CENT = Decimal("0.01")

days = st.dates(date(2025, 1, 1), date(2027, 2, 28))
sums = st.sampled_from(["0.00", "2500.00", "4999.99", "5000.00", "9999.99", "10000.00", "12000.00"])
rebates = st.sampled_from(["0.00", "0.01", "2000.00", "12000.00"])
people = st.integers(1, 3)
BORN = [0, 1990, *range(2008, 2012), *range(2018, 2022)]
"""Not told, grown up, and whoever comes to school age or out of it within these days."""
RECORDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "medical_insurance": st.one_of(
        st.fixed_dictionaries({"settlement": sums, "day": days}),
        st.fixed_dictionaries(
            {"cover": st.sampled_from(("insured", "uninsured", "arrears")), "day": days, "person": people}
        ),
    ),
    "housing": st.fixed_dictionaries({"house": st.sampled_from("ABCD"), "day": days}),
    "education": st.one_of(
        st.fixed_dictionaries(
            {
                "enrolment": st.sampled_from(education.STATUSES),
                "stage": st.sampled_from([None, "other", "junior", "senior"]),
                "day": days,
                "person": people,
            }
        ),
        st.fixed_dictionaries(
            {"cost": sums, "subsidy": rebates, "year": st.integers(2024, 2027), "day": days, "person": people}
        ),
    ),
    "water": st.fixed_dictionaries(
        {
            "water": st.sampled_from(["normal", "interrupted", "restored"]),
            "since": days,
            "quality": st.sampled_from([None, "pass", "fail"]),
            "day": days,
        }
    ),
    "civil_affairs": st.fixed_dictionaries(
        {
            "allowance": st.sampled_from(civil_affairs.TYPES),
            "change": st.sampled_from(["granted", "ended", "adjusted"]),
            "day": days,
        }
    ),
    "human_resources": st.one_of(
        st.fixed_dictionaries(
            {
                "work": st.sampled_from(["employed", "returned", "unemployed"]),
                "since": days,
                "day": days,
                "person": people,
            }
        ),
        st.fixed_dictionaries({"owed": sums, "day": days, "person": people}),
    ),
    "rural_revitalization": st.fixed_dictionaries({"failed": sums, "day": days}),
}
sights = st.builds(
    Sight,
    st.just("others"),
    st.sampled_from([None, (2025, Decimal(20000))]),
    st.sampled_from([None, 0, 1, 2]),
    st.one_of(
        st.none(),
        st.dictionaries(st.sampled_from([str(person(n)) for n in (1, 2, 3)]), st.sampled_from(BORN)),
    ),
    st.sampled_from([None, (), (str(person(1)),)]),
)


@pytest.mark.parametrize("department", RULES)
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_day_is_missed_on_which_time_alone_changes_the_answer(department: str, data: st.DataObject) -> None:
    rule = RULES[department]
    facts = _live(rule, _drawn(data, department))
    sight, today = data.draw(sights), data.draw(days)
    told = _days(rule, facts, sight, today)
    assert all(day > today for day in told)
    before = _said(rule, facts, sight, today)
    for after in (today + timedelta(days=ahead) for ahead in range(1, 460)):
        if (now := _said(rule, facts, sight, after)) != before:
            assert after in told
            before = now


@pytest.mark.parametrize(
    ("record", "sight", "turn"),
    [
        ({"enrolment": "dropped_out", "day": "2026-09-20"}, {"young": {str(person()): 2010}}, date(2027, 1, 1)),
        ({"enrolment": "not_enrolled", "day": "2026-09-20"}, {"young": {str(person()): 2021}}, date(2027, 1, 1)),
        ({"cost": "12000.00", "year": 2025, "day": "2025-09-10"}, {}, date(2027, 9, 1)),
        ({"water": "interrupted", "day": "2026-11-18"}, {}, date(2026, 11, 26)),
        ({"allowance": "subsistence", "change": "ended", "day": "2026-11-25"}, {}, date(2027, 2, 25)),
        ({"work": "unemployed", "day": "2026-10-26"}, {"earners": 1}, date(2026, 11, 26)),
        ({"work": "returned", "day": "2026-10-26"}, {"earners": 2}, date(2027, 1, 26)),
        ({"owed": "5000.00", "day": "2025-11-26"}, {}, date(2026, 11, 26)),
        ({"failed": "5000.00", "day": "2025-11-26"}, {}, date(2026, 11, 26)),
    ],
)
def test_each_waiting_clock_names_its_day(record: dict[str, Any], sight: dict[str, Any], turn: date) -> None:
    told = fact(household_id(1), 1, record)
    rule = RULES[told.department]
    assert min(_days(rule, _live(rule, [told]), Sight("others", **sight), TODAY)) == turn


@pytest.mark.parametrize("department", RULES)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_pruning_changes_no_answer_on_any_later_day(department: str, data: st.DataObject) -> None:
    rule = RULES[department]
    facts, sight, today = _live(rule, _drawn(data, department, 24)), data.draw(sights), data.draw(days)
    kept = rule.kept(facts, today)
    later = today + timedelta(days=data.draw(st.integers(0, 400)))
    assert _said(rule, kept, sight, later) == _said(rule, facts, sight, later)


def test_months_end_where_a_month_is_shorter() -> None:
    assert months_after(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_after(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert months_after(date(2026, 2, 28), -12) == date(2025, 2, 28)
    assert months_after(date(2024, 2, 29), 12) == date(2025, 2, 28)


@given(days, st.integers(1, 12))
def test_the_first_day_within_is_the_first_one_that_does_not_lie_so_far_back(today: date, months: int) -> None:
    found = first_within(today, months)
    assert months_after(found, months) > today >= months_after(found - timedelta(days=1), months)


def test_of_words_of_one_day_the_one_that_came_last_stays_last() -> None:
    words = [("a", 1), ("b", 1), ("c", 1)]
    assert newest_words(words, lambda _: "", lambda one: date(2026, 1, one[1])) == words


# ── what is drawn and changed ───────────────────────────────────────────────────────────────────────────────────────


def _drawn(data: st.DataObject, department: str, most: int = 6) -> list[Fact]:
    said = data.draw(st.lists(RECORDS[department], min_size=1, max_size=most))
    return [fact(household_id(1), number, one) for number, one in enumerate(said)]


def _live(rule: Rule, facts: list[Fact]) -> list[Live]:
    return [one for one in map(rule.live_of, facts) if one is not None]


def _said(rule: Rule, facts: Any, sight: Sight, today: date) -> set[tuple[str, str, str]]:
    answers = rule.check(facts, sight, LINES[rule.DEPARTMENT], today)
    return {(one.key, one.level, one.value) for one in answers if isinstance(one, Measured)}


def _days(rule: Rule, facts: Any, sight: Sight, today: date) -> set[date]:
    return {one for one in rule.check(facts, sight, LINES[rule.DEPARTMENT], today) if isinstance(one, date)}
