"""The rules by situations that a civil servant can read, and what holds for all of them."""

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as replace_struct

from services.screening.explain import explained, of_finding, silent_if
from services.screening.facts import Facts, pruned, replaced
from services.screening.household import Digest, Known, pack, unpack
from services.screening.judge import judge, looked_at, sights_of
from services.screening.lines import lines_on
from services.screening.rules.medical_insurance import SettlementFact, self_paid
from services.screening.rules.window import leaves_on, months_after
from services.screening.subscribers.household_registered import known_of
from shared.policy import load
from tests.services.screening.people import TODAY, fact, household_id, person, registered

FOLDER = Path(__file__).parent / "situations"
SITUATIONS = [one for path in sorted(FOLDER.glob("*.yaml")) for one in yaml.safe_load(path.read_text("utf-8"))]
POLICY = load("regular-2026")
BY_MACHINE = re.compile(r"\d{4}-\d\d-\d\d")
LINES = lines_on("regular-2026", TODAY).rules["medical_insurance"]


def judged(household: dict[str, Any] | None, facts: Facts, today: date = TODAY) -> Any:
    known = known_of(registered(household_id(1), 1, household).body) if household is not None else None
    return judge(facts, sights_of(known, POLICY), lines_on("regular-2026", today), today).found


def facts_of(records: list[dict[str, Any]], today: date = TODAY) -> Facts:
    facts: Facts = {}
    for number, said in enumerate(records):
        new = fact(household_id(1), number, said)
        facts = pruned(replaced(facts, new), new.department, today)
    return facts


@pytest.mark.parametrize("situation", SITUATIONS, ids=[one["name"] for one in SITUATIONS])
def test_situation(situation: dict[str, Any]) -> None:
    """`day` is today unless it says another one: what a household is on a later day, without a new record."""
    today = situation.get("day", TODAY)
    found = judged(situation["household"], facts_of(situation["records"], today), today)
    assert (found[0].level if found else "none") == situation["level"]
    if "says" in situation:
        assert situation["says"] in explained([of_finding(one) for one in found]).exact.zh


@pytest.mark.parametrize("situation", SITUATIONS, ids=[one["name"] for one in SITUATIONS])
def test_a_day_is_said_in_peoples_words_in_both_languages(situation: dict[str, Any]) -> None:
    """Whether it is why, why not, or what would have to be different."""
    today, household = situation.get("day", TODAY), situation["household"]
    known = known_of(registered(household_id(1), 1, household).body) if household is not None else None
    facts, sights, lines = facts_of(situation["records"], today), sights_of(known, POLICY), lines_on(POLICY.name, today)
    found = judge(facts, sights, lines, today).found
    told = [*(of_finding(one).exact for one in found), *(silent_if(one) for one in found)]
    told += [one.says for one in looked_at(facts, sights, lines, today)]
    assert [words for words in told if BY_MACHINE.search(words.zh + words.en)] == []


@pytest.mark.parametrize(
    "situation", [one for one in SITUATIONS if one["level"] != "none"], ids=lambda one: one["name"]
)
def test_a_band_tells_no_sum_no_day_and_no_grade(situation: dict[str, Any]) -> None:
    found = judged(situation["household"], facts_of(situation["records"]), situation.get("day", TODAY))
    band = explained([of_finding(one) for one in found]).band
    assert not any(letter.isdigit() for letter in band.zh + band.en)
    assert "级" not in band.zh and "grade" not in band.en


def test_both_packages_hold_what_the_rules_read() -> None:
    for name in ("regular-2026", "transition-2021-2025"):
        lines = lines_on(name, date(2024, 6, 1)).rules["medical_insurance"]
        assert lines.self_paid["monitored"].value < lines.self_paid["others"].value


def test_a_digest_of_twenty_facts_stays_under_two_kilobytes() -> None:
    records = [{"settlement": 1234.56, "day": "2026-06-01", "id": f"YB-2026-{n:06d}"} for n in range(20)]
    known = Known(
        "341221102201000123", "lifted_out", "none", 2025, Decimal("41260.00"), "341221102201", "341221102201-03"
    )
    digest = Digest(known, facts_of(records))
    assert len(pack(digest)) <= 2048
    assert unpack(pack(digest)) == digest


def test_a_digest_of_before_the_grown_were_kept_takes_whoever_it_does_not_name_for_grown_up() -> None:
    """It held the young alone: of it nobody could tell an adult from a child whom the register does not list."""
    known = known_of(registered(household_id(1), 1, {"born": [1985, 2010]}).body)
    assert known.grown == (str(person(1)),) and known.young == {str(person(2)): 2010}
    digest = msgspec.msgpack.decode(pack(Digest(known)))
    digest[0] = digest[0][:-1]
    before = unpack(msgspec.msgpack.encode(digest)).known
    assert before == replace_struct(known, grown=None)
    adult, unlisted = (facts_of([{"enrolment": "not_enrolled", "day": "2026-09-20", "person": who}]) for who in (1, 3))
    for known_as, facts, levels in ((known, adult, []), (known, unlisted, ["red"]), (before, unlisted, [])):
        found = judge(facts, sights_of(known_as, POLICY), lines_on("regular-2026", TODAY), TODAY).found
        assert [one.level for one in found] == levels


def test_what_no_window_reads_any_more_leaves_a_digest_that_grows_and_its_refund_with_it() -> None:
    old = {"settlement": 9000.0, "day": "2024-06-01", "id": "OLD"}
    refund = {"settlement": -100.0, "day": "2026-06-01", "reverses": "OLD", "id": "BACK"}
    recent = [{"settlement": 1.0, "day": "2026-06-02", "id": f"N{n}"} for n in range(16)]
    kept = {one.record_id for one in facts_of([old, refund, *recent])["medical_insurance"]}
    assert kept == {f"N{n}" for n in range(16)}
    old_ones = facts_of([{"settlement": 1.0, "day": "2024-06-02", "id": f"O{n}"} for n in range(500)])
    assert len(old_ones["medical_insurance"]) <= 16


def test_a_year_ends_and_the_calendar_window_with_it() -> None:
    facts = facts_of([{"settlement": 5000.0, "day": "2026-02-01"}])
    assert judged({"poverty_history": "lifted_out"}, facts, date(2027, 1, 31))[0].words["window"] == "rolling"
    assert not judged({"poverty_history": "lifted_out"}, facts, date(2027, 2, 1))


def test_the_windows_are_the_packages() -> None:
    facts = (SettlementFact("r", date(2025, 10, 1), Decimal(6000), True, None),)
    assert self_paid(facts, LINES, date(2026, 6, 1)) is not None
    assert self_paid(facts, replace(LINES, rolling=6), date(2026, 6, 1)) is None


@given(st.dates(date(2019, 1, 1), date(2030, 12, 31)), st.integers(1, 48))
def test_a_window_is_left_on_the_first_day_that_no_longer_counts_it(day: date, months: int) -> None:
    leaves = leaves_on(day, months)
    assert months_after(leaves, -months) >= day
    assert months_after(leaves - timedelta(days=1), -months) < day


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.dates(date(2025, 1, 1), date(2026, 12, 31)), st.integers(-300_000, 900_000)), max_size=8),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)
def test_the_sum_is_the_larger_of_two_windows_counted_by_hand(rows: list[tuple[date, int]], today: date) -> None:
    facts = tuple(SettlementFact(f"r{n}", day, Decimal(cents) / 100, True, None) for n, (day, cents) in enumerate(rows))
    year = [yuan for day, yuan in rows if day.year == today.year and day <= today]
    months = [yuan for day, yuan in rows if (today.toordinal() - 365 < day.toordinal() <= today.toordinal())]
    paid = self_paid(facts, LINES, today)
    expected = max((Decimal(sum(part)) / 100 for part in (year, months) if part), default=None)
    assert (paid.yuan if paid else None) == expected
