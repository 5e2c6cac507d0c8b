"""Offices, grids and officers: everybody has a place, a few grids have nobody on purpose."""

import re
from collections import Counter

import pytest

from deploy.demo.officers import DEPARTMENTS
from deploy.demo.township import CODE, COUNTY, Township
from shared.domain.division import contains, villages_of
from shared.policy import available, load

CITY = COUNTY[:4]


def test_offices_are_one_county_one_township_each_village_and_each_group(sample: Township) -> None:
    kinds = Counter(office["kind"] for office in sample.offices)
    assert kinds["city"] == kinds["county"] == kinds["township"] == 1
    assert kinds["department"] == len(DEPARTMENTS)
    assert kinds["village_committee"] == 22
    assert kinds["village_group"] == len(sample.grids)
    ids = {office["office_id"] for office in sample.offices}
    assert len(ids) == len(sample.offices)
    assert {COUNTY, CODE} | {village.code for village in villages_of(CODE)} <= ids


def test_every_household_has_a_grid_with_an_office(sample: Township) -> None:
    grids = {grid["grid"]: grid for grid in sample.grids}
    offices = {office["office_id"] for office in sample.offices}
    for record in sample.register:
        if record["kind"] == "household":
            grid = grids[f"{record['subject']['region']}-{record['data']['group']:02d}"]
            assert grid["office_id"] in offices
            assert grid["region"] == record["subject"]["region"]


def test_each_grid_has_one_worker_and_one_deputy_but_for_a_few_with_neither(sample: Township) -> None:
    posts = Counter((officer["grid"], officer["post"]) for officer in sample.officers if officer["grid"])
    without = [grid["grid"] for grid in sample.grids if not posts[grid["grid"], "worker"]]
    assert 2 <= len(without) <= 5
    for grid in sample.grids:
        expected = 0 if grid["grid"] in without else 1
        assert posts[grid["grid"], "worker"] == posts[grid["grid"], "deputy"] == expected
        assert posts[grid["grid"], "leader"] == 1


def test_each_village_has_its_handler_and_a_resident_team(sample: Township) -> None:
    for village in villages_of(CODE):
        here = [(o["role"], o["capacity"]) for o in sample.officers if o["office_id"] == village.code]
        assert len(here) >= 3
        assert ("village", "handler") in here
        assert sum(role == "resident_team" for role, _ in here) >= 2


@pytest.mark.parametrize("code", [CODE, COUNTY])
def test_township_and_county_have_all_three_capacities_in_different_people(sample: Township, code: str) -> None:
    here = [officer for officer in sample.officers if officer["office_id"] == code]
    assert {officer["capacity"] for officer in here} == {"handler", "reviewer", "approver"}
    assert Counter(officer["capacity"] for officer in here) >= Counter(handler=2, approver=2)
    assert len({officer["officer_id"] for officer in here}) == len(here)


def test_every_officer_belongs_to_a_known_office_in_its_region(sample: Township) -> None:
    offices = {office["office_id"]: office for office in sample.offices}
    for officer in sample.officers:
        office = offices[officer["office_id"]]
        assert officer["region"] == office["region"]
        assert re.fullmatch(r"\d{12}", officer["region"])
        assert contains(CITY if officer["role"] == "city" else COUNTY, officer["region"])
        assert re.fullmatch(r"[0-9A-Za-z-]{1,40}", officer["officer_id"])
        assert (officer["grid"] is not None) == (officer["role"] in ("grid_worker", "group_leader"))
        assert officer["display_name"] == f"{officer['name'][0]}**"


def test_each_department_that_a_measure_may_go_to_has_an_office_with_handler_and_approver(sample: Township) -> None:
    codes = {one.code for name in available() for one in load(name).departments}
    assert codes == {code for code, _, _ in DEPARTMENTS}
    for code in codes:
        here = [officer for officer in sample.officers if officer["office_id"] == f"{COUNTY}-{code}"]
        assert [(one["role"], one["capacity"]) for one in here] == [
            ("department", "handler"),
            ("department", "approver"),
        ]


def test_nobody_has_two_posts(sample: Township) -> None:
    ids = [officer["officer_id"] for officer in sample.officers]
    assert len(set(ids)) == len(ids)
