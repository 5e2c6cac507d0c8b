"""Which tasks intake takes for open, after the steps of a case: an officer's own task shows a name without a reason."""

from typing import Any
from uuid import UUID, uuid5

import pytest

from services.intake.subscribers.stage_advanced import after
from services.intake.task import OpenTask
from shared.contracts.stage import StageAdvanced
from tests.services.notify.house import as_input, case_of, stage

HOUSE = UUID("5b1d6b8e-3a2c-4a7e-9c40-7a0c3a5f0031")
MINE, OTHER = uuid5(HOUSE, "mine"), uuid5(HOUSE, "other")


def task(id_: UUID, hop: str, branch: str) -> OpenTask:
    return OpenTask(id_, case_of(HOUSE), HOUSE, hop, 1, branch, "341221102", "341221102201", None)


def told(word: str, hop: str, **more: Any) -> StageAdvanced:
    event = as_input("stage.advanced", word, str(HOUSE), stage(HOUSE, hop, **more), 1).body
    assert isinstance(event, StageAdvanced)
    return event


@pytest.mark.parametrize(
    ("word", "hop", "branch", "told_at"),
    [
        ("helped", "village_return", "main", "village_return"),
        ("noted", "township", "relief", "township"),
        ("noted", "county", "announcement", "county"),
        ("noted", "department", "housing", "department"),
        ("reassigned", "department", "housing", "county"),
        ("remonitored", "village_committee", "verification", "village_committee"),
    ],
)
def test_a_task_that_was_decided_is_open_no_more(word: str, hop: str, branch: str, told_at: Any) -> None:
    both = (task(MINE, hop, branch), task(OTHER, "township", "verification"))
    event = told(word, told_at, from_hop=hop, branch="main" if word == "remonitored" else branch, task_id=MINE)
    assert after(both, event) == both[1:]


def test_a_refusal_that_was_to_be_told_is_open_no_more_once_the_case_is_taken_up_again() -> None:
    tell, beside = task(MINE, "village_return", "main"), task(OTHER, "township", "relief")
    assert after((tell, beside), told("appealed", "county", task_id=None)) == (beside,)
    assert after((tell, beside), told("remonitored", "village_committee", from_hop="village_committee")) == (beside,)


def test_a_task_that_is_only_noted_or_handed_over_stays_open() -> None:
    mine = task(MINE, "village_group", "main")
    assert after((mine,), told("noted", "village_group", task_id=MINE)) == (mine,)
    [moved] = after((mine,), told("reassigned", "village_group", task_id=MINE, office="341221102201"))
    assert (moved.task_id, moved.office) == (MINE, "341221102201")


def test_a_task_that_goes_along_with_its_household_is_seen_where_that_lives() -> None:
    there = uuid5(HOUSE, "the one that it was merged with")
    event = told("reassigned", "village_committee", task_id=MINE, office="341221103201")
    data = event.data.model_copy(update={"household_id": there})
    event = event.model_copy(update={"region": "341221103201", "grid": "341221103201-02", "data": data})
    [moved] = after((task(MINE, "village_committee", "main"),), event)
    assert (moved.household_id, moved.office) == (there, "341221103201")
    assert (moved.region, moved.grid) == ("341221103201", "341221103201-02")
