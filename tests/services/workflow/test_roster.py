"""The register of people by the day: a change begins on its day, what was stays, whoever is away is stood in for."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.workflow.office import Post, stands_in_for
from services.workflow.roster import (
    Leave,
    OfficeNamed,
    Person,
    Roster,
    Stay,
    appointed,
    facts_of,
    may_stand_in,
    relieved,
    stand_ins,
)
from tests.tokens import GRID, VILLAGE

NOW = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 25)
OTHER = f"{VILLAGE}-04"


def day(number: int) -> date:
    return date(2026, 11, number)


def stay(officer: str, post: str, since: date, until: date | None = None, grid: str = GRID) -> Stay:
    return Stay(officer, grid, post, since, until, VILLAGE, grid)


def person(
    officer: str, role: str = "grid_worker", region: str = VILLAGE, grid: str | None = GRID, **more: str
) -> Person:
    return Person(officer, "王**", role, more.get("capacity"), region, grid)  # type: ignore[arg-type]


def roster(*stays: Stay, leaves: tuple[Leave, ...] = ()) -> Roster:
    offices = {one: OfficeNamed(one, "village_group", "组", "group", VILLAGE) for one in (GRID, OTHER)}
    people = {one: person(one) for one in ("a", "b", "c", "d")}
    return Roster(offices, people, {one.key: one for one in stays}, leaves)


def leave(officer: str, since: int, until: int, deputy: str | None = None, number: int = 1) -> Leave:
    return Leave(UUID(int=number), officer, day(since), day(until), deputy)


def whole(stays: dict[tuple[str, str, date], Stay]) -> list[tuple[str, str, date, date | None]]:
    return sorted((one.officer_id, one.post, one.since, one.until) for one in stays.values())


A, B = stay("a", "worker", day(1)), stay("b", "deputy", day(1))


def test_a_new_worker_begins_where_the_one_before_ends() -> None:
    after = appointed(roster(A, B).stays, [stay("c", "worker", TODAY)])
    assert whole(after) == [
        ("a", "worker", day(1), TODAY), ("b", "deputy", day(1), None), ("c", "worker", TODAY, None),
    ]  # fmt: skip


def test_who_moves_is_relieved_where_he_was_and_a_cadre_keeps_the_office() -> None:
    moved = [stay("a", "worker", TODAY, grid=OTHER)]
    assert appointed(roster(A).stays, moved)[A.key].until == TODAY
    assert appointed(roster(A).stays, moved, moves=False)[A.key].until is None


def test_a_stay_told_late_fits_in_before_the_later_one_and_changes_nothing_after_it() -> None:
    later = stay("c", "worker", day(10))
    after = appointed(roster(later).stays, [A])
    assert whole(after) == [("a", "worker", day(1), day(10)), ("c", "worker", day(10), None)]


def test_a_repetition_of_an_old_register_does_not_bring_anybody_back() -> None:
    after = appointed(roster(A, B).stays, [stay("c", "worker", day(20))])
    assert appointed(after, [A, B]) == after


def test_two_who_swap_their_posts_on_one_day_and_back_again() -> None:
    once = appointed(
        relieved(roster(A, B).stays, [A.key, B.key], TODAY), [stay("a", "deputy", TODAY), stay("b", "worker", TODAY)]
    )
    keys = [("a", GRID, TODAY), ("b", GRID, TODAY)]
    back = appointed(relieved(once, keys, TODAY), [stay("a", "worker", TODAY), stay("b", "deputy", TODAY)])
    assert [one for one in whole(back) if one[3] is None] == [
        ("a", "worker", TODAY, None),
        ("b", "deputy", TODAY, None),
    ]


def test_what_is_told_is_the_latest_stay_of_each_person_and_office_those_who_leave_first() -> None:
    before = roster(A, B)
    after = replace(before, stays=appointed(before.stays, [stay("c", "worker", TODAY), stay("b", "leader", TODAY)]))
    facts: list[Any] = list(facts_of(before, after, NOW, TODAY))
    words = [(one.type.split(".")[2], one.data.officer_id, one.data.post) for one in facts]
    assert words == [("relieved", "a", "worker"), ("assigned", "b", "leader"), ("assigned", "c", "worker")]
    assert facts_of(after, after, NOW, TODAY) == []


@pytest.mark.parametrize(
    ("leaves", "expected"),
    [
        ((leave("a", 25, 28),), {("a", "b")}),
        ((leave("a", 25, 28, "c"),), {("a", "c")}),
        ((leave("a", 25, 28, "c"), leave("c", 24, 30, number=2)), {("a", "b")}),
        ((leave("a", 25, 28), leave("b", 24, 30, number=2)), set()),
        ((leave("b", 25, 28),), set()),
        ((leave("a", 20, 25),), set()),
        ((replace(leave("a", 25, 28), ended_on=day(25)),), set()),
        ((leave("a", 27, 28),), {("a", "b")}),
    ],
)
def test_who_is_away_is_stood_in_for_by_the_named_deputy_or_the_grids_own(
    leaves: tuple[Leave, ...], expected: set[tuple[str, str]]
) -> None:
    found = stand_ins(roster(A, B, leaves=leaves), TODAY)
    assert {(one.stands_in_for, one.officer_id) for one in found.values()} == expected


def test_a_leave_is_told_as_deputised_and_its_early_end_as_relieved() -> None:
    before = roster(A, B)
    away = replace(before, leaves=(leave("a", 25, 28),))
    [fact] = facts_of(before, away, NOW, TODAY)
    assert fact.type == "shouwang.officer.deputised.v1" and fact.key == f"office:{GRID}"
    data = fact.data
    assert (data.officer_id, data.stands_in_for, data.post) == ("b", "a", "worker")  # type: ignore[attr-defined]
    assert (data.since, data.until) == (day(25), day(28))  # type: ignore[attr-defined]
    back = replace(away, leaves=(replace(away.leaves[0], ended_on=day(26)),))
    [fact] = facts_of(away, back, NOW, day(26))
    assert fact.type == "shouwang.officer.relieved.v1"
    assert (fact.data.stands_in_for, fact.data.until) == ("a", day(26))  # type: ignore[attr-defined]


def test_a_new_deputy_takes_the_stand_in_over() -> None:
    before = roster(A, B, leaves=(leave("a", 20, 28),))
    after = replace(before, stays=appointed(before.stays, [stay("c", "deputy", TODAY)]))
    facts: list[Any] = list(facts_of(before, after, NOW, TODAY))
    words = [(one.type.split(".")[2], one.data.officer_id, one.data.stands_in_for) for one in facts]
    assert words == [("relieved", "b", None), ("assigned", "c", None), ("relieved", "b", "a"), ("deputised", "c", "a")]


@pytest.mark.parametrize(
    ("deputy", "whom", "wrong"),
    [
        (person("b"), person("a"), ""),
        (person("v", "village", grid=None), person("a"), ""),
        (person("b", grid=OTHER), person("a"), "outside_the_area"),
        (person("b"), person("v", "village", grid=None), "outside_the_area"),
        (person("t", "township", "341221102000", None), person("v", "village", grid=None), "does_not_act_there"),
        (
            person("t", "township", "341221103000", None),
            person("u", "township", "341221102000", None),
            "outside_the_area",
        ),
        (
            person("t", "township", "341221102000", None, capacity="handler"),
            person("u", "township", "341221102000", None, capacity="approver"),
            "cannot_sign",
        ),
        (person("a"), person("a"), "same_person"),
    ],
)
def test_a_deputy_reaches_the_place_acts_there_and_signs_where_the_other_signs(
    deputy: Person, whom: Person, wrong: str
) -> None:
    assert may_stand_in(deputy, whom) == wrong


def test_a_claim_passes_to_whoever_stands_in_on_that_day() -> None:
    posts = [Post("b", GRID, "deputy"), Post("b", GRID, "worker", "a", day(25), day(28)), Post("c", GRID, "leader")]
    assert stands_in_for(posts, "b", day(25)) == {"a"}
    assert stands_in_for(posts, "b", day(28)) == stands_in_for(posts, "c", day(25)) == frozenset()


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"),
            st.sampled_from(("worker", "deputy")),
            st.integers(1, 28),
            st.sampled_from((GRID, OTHER)),
        ),
        max_size=12,
    )
)
def test_on_no_day_has_a_grid_two_workers_or_a_person_two_posts(changes: list[tuple[str, str, int, str]]) -> None:
    stays: dict[tuple[str, str, date], Stay] = {}
    for officer, post, since, grid in changes:
        stays = appointed(stays, [stay(officer, post, day(since), grid=grid)])
    for number in range(1, 29):
        there = [one for one in stays.values() if one.is_on(day(number))]
        assert len({one.officer_id for one in there}) == len(there)
        assert len({(one.grid, one.post) for one in there}) == len(there)
