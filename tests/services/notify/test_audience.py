"""Whom an occasion is told, by given posts: the rule alone."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.notify import post
from services.notify.audience import ADDRESSEES_MAX, audience_of
from services.notify.occasion import Occasion, of_stage
from services.notify.post import Post, Roll
from shared.contracts.stage import StageAdvanced
from tests.services.notify.house import NOW, as_input, assignment, household, stage
from tests.tokens import GRID, VILLAGE

DAY = date(2026, 11, 25)
OTHER_GRID = f"{VILLAGE}-07"


def posts(*given: tuple[str, str] | tuple[str, str, str] | Any, **more: Any) -> list[Post]:
    return [post.of(assignment(*one, **more), NOW) for one in given]


def arrived(hop: str = "village_group", **more: Any) -> Occasion:
    data = stage(household(1), hop, **more)
    event: StageAdvanced = as_input("stage.advanced", "arrived", str(household(1)), data, 1).body
    return replace(of_stage(event, "arrived", NOW), not_to=None)


def told(occasion: Occasion, held: list[Post], day: date = DAY) -> list[tuple[str, str]]:
    return [(one.officer_id, one.part) for one in audience_of(occasion, Roll(held), day)]


WORKER, DEPUTY = ("w", "worker"), ("d", "deputy")
CADRES = (("v1", "leader", VILLAGE), ("v2", "member", VILLAGE))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((WORKER, DEPUTY, *CADRES), [("w", "worker")]),
        ((DEPUTY, *CADRES), [("d", "deputy")]),
        (CADRES, [("v1", "stand_in"), ("v2", "stand_in")]),
        ((("l", "leader"),), []),
        ((("w7", "worker", OTHER_GRID),), []),
        ((), []),
    ],
)
def test_a_grid_falls_from_its_worker_to_its_deputy_to_the_village(given: Any, expected: list[Any]) -> None:
    assert told(arrived(), posts(*given)) == expected


def test_a_worker_of_the_grid_hears_though_he_sits_in_another_office() -> None:
    held = posts(("w", "worker", f"{VILLAGE}-99"), grid=GRID)
    assert told(arrived(), held) == [("w", "worker")]


def test_a_post_counts_from_its_first_day_until_its_last() -> None:
    held = posts(WORKER, since=date(2026, 11, 25), until=date(2026, 11, 26))
    days = [date(2026, 11, day) for day in (24, 25, 26)]
    assert [told(arrived(), held, day) for day in days] == [[], [("w", "worker")], []]


def test_at_the_village_those_who_handle_hear_it_or_else_everybody_there() -> None:
    handler = posts(("v1", "member", VILLAGE))
    others = posts(("v2", "member", VILLAGE), ("v3", "leader", VILLAGE), capacity="approver")
    assert told(arrived("village_committee"), handler + others) == [("v1", "office")]
    assert told(arrived("village_committee"), others) == [("v2", "office"), ("v3", "office")]


def test_where_nobody_sits_at_the_office_above_the_next_one_hears_that_it_is_to_supervise() -> None:
    occasion = replace(arrived("village_committee"), step="supervised")
    leader, county = ("v1", "leader", VILLAGE), ("c1", "leader", VILLAGE[:6])
    assert told(occasion, posts(leader, county)) == [("c1", "head"), ("v1", "leader")]
    assert told(occasion, posts(leader, county, ("t1", "leader", VILLAGE[:9]))) == [
        ("t1", "supervisor"),
        ("v1", "leader"),
    ]


def test_a_household_without_a_grid_is_the_village_s_own() -> None:
    occasion = arrived(office=VILLAGE)
    assert told(occasion, posts(*CADRES)) == [("v1", "stand_in"), ("v2", "stand_in")]


def test_of_a_household_whose_village_nobody_knows_the_township_hears_it() -> None:
    township = VILLAGE[:9]
    there = (("t1", "leader", township), ("t2", "member", township))
    open_: dict[str, Any] = {"region": f"{township}000", "grid": f"{township}000-03", "office": township}
    for hop in ("village_group", "village_committee"):
        assert told(replace(arrived(hop), **open_), posts(*there, *CADRES)) == [("t1", "office"), ("t2", "office")]
    late = replace(arrived("village_group"), **open_, step="urged")
    assert told(late, posts(*there, *CADRES)) == [("t1", "leader")]
    unmatched = replace(arrived("village_group"), **(open_ | {"office": VILLAGE[:6]}), step="unmatched", hop=None)
    assert told(unmatched, posts(*there, ("c", "leader", VILLAGE[:6]))) == [
        ("c", "office"), ("t1", "stand_in"), ("t2", "stand_in"),
    ]  # fmt: skip


def test_a_limit_that_passed_is_told_to_the_leader_too_and_to_nobody_twice() -> None:
    late = replace(arrived(), step="passed")
    assert told(late, posts(WORKER, *CADRES)) == [("w", "worker"), ("v1", "leader")]
    assert told(late, posts(*CADRES)) == [("v1", "stand_in"), ("v2", "stand_in")]


def test_where_no_leader_is_named_whoever_approves_hears_it() -> None:
    held = posts(WORKER, ("v1", "member", VILLAGE)) + posts(("v3", "member", VILLAGE), capacity="approver")
    assert told(replace(arrived(), step="passed"), held) == [("w", "worker"), ("v3", "leader")]


def test_whoever_handed_it_over_is_not_told_of_it() -> None:
    handed = replace(arrived(), step="reassigned", not_to="w")
    assert told(handed, posts(WORKER, DEPUTY, *CADRES)) == [("d", "deputy")]


def test_an_audience_is_bounded() -> None:
    crowd = posts(*((f"v{n:03d}", "member", VILLAGE) for n in range(50)))
    assert len(told(arrived("village_committee"), crowd)) == ADDRESSEES_MAX
