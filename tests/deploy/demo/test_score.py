"""The key both ways without servers: precision and recall by department, and each difference in one line."""

from dataclasses import replace
from datetime import date

import pytest

from deploy.demo.desk import PREFIX
from deploy.demo.township import SEED, Township
from tests.deploy.demo.score import Score, score, screened

TODAY = date(2026, 11, 25)
SECOND = 31
"""Never looked at while rules were written."""


@pytest.mark.parametrize("seed", [SEED, SECOND])
def test_the_key_and_the_rules_agree_both_ways_in_every_department(seed: int) -> None:
    found = score(seed, TODAY, 3000, 1000)
    print(f"seed {seed}", *found.lines(), sep="\n")
    assert set(found.both) == {*PREFIX, "household"}
    assert not found.differences, "\n".join(found.differences)


def test_a_township_of_some_parts_is_scored_like_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.demo.county.MOST_IN_ONE_TOWNSHIP", 1000)
    found = score(SECOND, TODAY, 2400, 2000)
    assert found.both["household"] > 50
    assert not found.differences, "\n".join(found.differences)


@pytest.mark.parametrize(
    "lost", ["settlement", "cover", "house_grade", "enrolment", "cost", "supply", "allowance", "employment"]
)
def test_a_lost_kind_is_seen_as_a_difference_in_one_line(township: Township, lost: str) -> None:
    kept = tuple((department, record) for department, record in township.records if record["kind"] != lost)
    given = screened(replace(township, records=kept), TODAY)
    found = Score()
    for answer in township.answers:
        if answer["kind"] == "household":
            found.add(answer, given.get(answer["household_no"], {}))
    assert len(found.differences) > 5
    assert all("\n" not in line and "the key says" in line for line in found.differences)
