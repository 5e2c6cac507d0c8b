"""A household that lives elsewhere by the register, and its open case: it goes along. On real PostgreSQL."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.access.tokens import Caller
from shared.contracts.clue import Clue
from shared.messaging.faults import Refused
from shared.messaging.room import Input
from tests.services.workflow.house import (
    CADRE,
    RAISED_AT,
    REGISTER,
    WORKER,
    Desk,
    household,
    registered,
    report,
    visit,
    warning_state,
)
from tests.services.workflow.test_journey import act, tasks, walk
from tests.services.workflow.test_statements import counted
from tests.tokens import GRID, VILLAGE

COUNTY, TOWNSHIP = VILLAGE[:6], VILLAGE[:9]
BESIDE = f"{VILLAGE}-07"
"""Another grid of the village."""
NEXT, NEXT_GRID = "341221102202", "341221102202-01"
"""Another village of the township."""
FAR, FAR_GRID = "341221103201", "341221103201-02"
"""A village of another township of the county."""
ABROAD, ABROAD_GRID = "341222100201", "341222100201-01"
"""A village of another county."""
OPEN, OPEN_GRID = f"{TOWNSHIP}000", f"{TOWNSHIP}000-00"
"""Somewhere in the township: nobody knows the village."""

TABLES = ("cases", "places", "tasks", "deadlines")


def told(
    desk: Desk, number: int, word: str = "changed", *, into: int | None = None, region: str = VILLAGE, grid: str = GRID
) -> Input:
    data = registered(number, merged_into=None if into is None else household(into), region=region, grid=grid)
    return desk.fact("household.registered", word, data.household_id, data, region=data.region, grid=data.grid)


async def stands(desk: Desk, house: UUID) -> set[tuple[str, str | None]]:
    """Where the case and all that is live of it stand: one place, if all is well."""
    found = set()
    for table in TABLES:
        is_live = "state NOT IN ('closed', 'ended', 'decided', 'cancelled')"
        rows = await desk.worker.fetch(
            f"SELECT region, grid FROM {table} WHERE household_id = $1 AND {is_live}",
            house,
        )
        found |= {(row["region"], row["grid"]) for row in rows}
    return found


async def reassigned(desk: Desk, house: UUID) -> list[dict[str, Any]]:
    events = await desk.emitted(house, "stage.advanced")
    return [one for one in events if one["type"].split(".")[2] == "reassigned"]


# ── one household ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_household_of_another_grid_takes_its_open_case_along_and_its_worker_is_told(desk: Desk) -> None:
    house = household(1)
    await desk.register(1)
    before = await desk.opened(house)
    await desk.claim(before)
    journey = (await desk.case(house))["journey_due_at"]
    moved = told(desk, 1, grid=BESIDE)
    await desk.told(moved)
    task = await desk.task(house)
    assert await stands(desk, house) == {(VILLAGE, BESIDE)}
    assert (task["office"], task["claimed_by"], task["version"]) == (BESIDE, None, before["version"] + 1)
    assert (task["due_at"], (await desk.case(house))["journey_due_at"]) == (before["due_at"], journey)
    [fact] = await reassigned(desk, house)
    assert (fact["region"], fact["grid"], fact["data"]["office"]) == (VILLAGE, BESIDE, BESIDE)
    assert fact["causationid"] == str(moved.body.id) and fact["data"]["task_id"] == str(task["task_id"])
    assert fact["data"].get("from_hop") is None, "the task is still open"
    step = await desk.worker.fetchrow("SELECT * FROM history WHERE event_id = $1", UUID(fact["id"]))
    assert step is not None and (step["cause_id"], step["grid"], step["office"]) == (moved.body.id, BESIDE, BESIDE)
    assert await desk.sees(Caller("gw-7", "grid_worker", VILLAGE, BESIDE), task)
    assert not await desk.sees(WORKER, task)
    with pytest.raises(Refused):
        await desk.decide(task, "report", report(), WORKER)
    answer = await desk.decide(task, "report", report(), Caller("gw-7", "grid_worker", VILLAGE, BESIDE))
    assert answer["outcome"] == "advanced"


async def test_another_grid_of_the_village_changes_nothing_for_the_village(desk: Desk) -> None:
    house = household(2)
    await desk.decide(await desk.opened(house), "report", report())
    await desk.deliver()
    before = await desk.task(house)
    await desk.claim(before, CADRE)
    await desk.register(2, "changed", grid=BESIDE)
    task = await desk.task(house)
    assert await stands(desk, house) == {(VILLAGE, BESIDE)}
    assert (task["office"], task["claimed_by"], task["version"]) == (VILLAGE, "vc-1", before["version"])
    assert await reassigned(desk, house) == []
    assert (await desk.decide(task, "record_visit", visit(), CADRE))["outcome"] == "advanced"


async def test_a_household_of_another_village_is_visited_by_that_village(desk: Desk) -> None:
    house = household(3)
    await desk.decide(await desk.opened(house), "report", report())
    await desk.deliver()
    await desk.register(3, "changed", region=NEXT, grid=NEXT_GRID)
    assert await stands(desk, house) == {(NEXT, NEXT_GRID)}
    task = await desk.task(house)
    assert task["office"] == NEXT and [one["data"]["office"] for one in await reassigned(desk, house)] == [NEXT]
    answer = await desk.decide(task, "record_visit", visit(), Caller("nv-1", "village", NEXT))
    assert answer["next"]["office"] == NEXT, "what follows is there too"
    past = "SELECT region FROM places WHERE household_id = $1 AND hop = 'village_group'"
    assert await desk.worker.fetchval(past, house) == VILLAGE, "what was done elsewhere was done there"


async def test_what_the_village_took_over_stays_the_villages_of_the_new_village(desk: Desk) -> None:
    await desk.upload(REGISTER)
    house = household(4)
    task = await desk.opened(house)
    await desk.decide(task, "not_mine", {}, reason_code="other_grid")
    assert (await desk.task(house))["office"] == VILLAGE
    told_before = len(await reassigned(desk, house))
    await desk.register(4, "changed", grid=BESIDE)
    assert (await desk.task(house))["office"] == VILLAGE and len(await reassigned(desk, house)) == told_before
    await desk.register(4, "changed", region=NEXT, grid=NEXT_GRID)
    assert (await desk.task(house))["office"] == NEXT
    assert [one["data"]["office"] for one in await reassigned(desk, house)] == [VILLAGE, NEXT]


async def test_what_is_on_its_way_arrives_where_the_household_lives_by_then(desk: Desk) -> None:
    house = household(5)
    await desk.warn(house)
    await desk.register(5, region=NEXT, grid=NEXT_GRID)
    assert await stands(desk, house) == {(NEXT, NEXT_GRID)}
    await desk.deliver()
    assert await desk.words(house) == ["opened", "arrived"], "it is told once, where it arrives"
    arrived = (await desk.emitted(house, "stage.advanced"))[-1]
    assert (arrived["region"], arrived["grid"], arrived["data"]["office"]) == (NEXT, NEXT_GRID, NEXT_GRID)
    assert (await desk.task(house))["office"] == NEXT_GRID


async def test_a_paused_clock_goes_along_and_runs_again_as_it_would_have(desk: Desk) -> None:
    await desk.upload(REGISTER)
    house = household(6)
    await desk.decide(await desk.opened(house), "report", report())
    await desk.deliver()
    await act(desk, await desk.task(house), "pause", CADRE)
    clocks = "SELECT state, due_at, wake_at, fired FROM deadlines WHERE household_id = $1 AND state = 'paused'"
    before = await desk.worker.fetch(clocks, house)
    await desk.register(6, "changed", region=NEXT, grid=NEXT_GRID)
    assert len(before) == 1 and await desk.worker.fetch(clocks, house) == before
    assert await stands(desk, house) == {(NEXT, NEXT_GRID)}
    paused = "SELECT paused_until FROM places WHERE household_id = $1 AND paused_at IS NOT NULL"
    assert await desk.worker.fetchval(paused, house) is not None, "the pause stands"


@pytest.mark.parametrize(
    ("number", "region", "grid", "offices"),
    [
        (10, NEXT, NEXT_GRID, {TOWNSHIP}),
        (11, FAR, FAR_GRID, {FAR[:9]}),
        (12, ABROAD, ABROAD_GRID, {ABROAD[:9]}),
    ],
)
async def test_a_township_keeps_what_stays_in_it(
    desk: Desk, number: int, region: str, grid: str, offices: set[str]
) -> None:
    house = household(number)
    await desk.warn(house, level="orange")
    await walk(desk, house, "township.review")
    await desk.register(number, "changed", region=region, grid=grid)
    assert await stands(desk, house) == {(region, grid)}
    assert {one["office"] for one in await tasks(desk, house)} == offices
    assert len(await reassigned(desk, house)) == (offices != {TOWNSHIP})


@pytest.mark.parametrize(
    ("number", "region", "grid", "county"), [(13, FAR, FAR_GRID, COUNTY), (14, ABROAD, ABROAD_GRID, ABROAD[:6])]
)
async def test_departments_stay_unless_the_county_changes_and_the_village_tells_the_result(
    desk: Desk, number: int, region: str, grid: str, county: str
) -> None:
    house = household(number)
    await desk.warn(house, level="orange", concerns=("medical_burden", "unsafe_house"))
    await walk(desk, house, "department.measure_plan")
    await desk.deliver()
    await desk.register(number, "changed", region=region, grid=grid)
    assert await stands(desk, house) == {(region, grid)}
    after = {(one["hop"], one["branch"]): one["office"] for one in await tasks(desk, house)}
    assert after == {
        ("department", "housing"): f"{county}-housing",
        ("department", "medical_insurance"): f"{county}-medical_insurance",
        ("county", "announcement"): county,
        ("village_return", "result"): region,
    }
    facts = await reassigned(desk, house)
    moved = set(after.values()) if county != COUNTY else {region}
    assert {one["data"]["office"] for one in facts} == moved and len({one["id"] for one in facts}) == len(facts)


async def test_a_tracked_case_goes_along_and_is_verified_where_the_household_lives(desk: Desk) -> None:
    house = household(15)
    await desk.warn(house, level="orange")
    await walk(desk, house, "village_return.deliver")
    for task in await tasks(desk, house):
        await act(desk, task)
    assert (await desk.case(house))["state"] == "tracking"
    await desk.register(15, "changed", region=NEXT, grid=NEXT_GRID)
    assert await stands(desk, house) == {(NEXT, NEXT_GRID)} and await reassigned(desk, house) == []
    offices = "SELECT office FROM places WHERE household_id = $1 AND state = 'tracking'"
    assert await desk.worker.fetchval(offices, house) == NEXT
    await desk.warn(house, "raised", "red", warning=2, concerns=("unsafe_house",))
    await desk.deliver()
    assert (await desk.task(house, "verification"))["office"] == NEXT_GRID


async def test_a_village_nobody_knew_is_the_townships_until_it_is_known(desk: Desk) -> None:
    house = household(16)
    await desk.register(16, region=OPEN, grid=OPEN_GRID)
    task = await desk.opened(house, region=OPEN, grid=OPEN_GRID)
    assert task["office"] == TOWNSHIP
    await desk.register(16, "changed")
    again = await desk.task(house)
    assert (again["office"], again["due_at"]) == (GRID, task["due_at"])
    assert await stands(desk, house) == {(VILLAGE, GRID)}
    assert [one["data"]["office"] for one in await reassigned(desk, house)] == [GRID]
    assert (await desk.decide(again, "report", report()))["outcome"] == "advanced"


async def test_an_alarm_after_a_move_rings_at_the_new_office(desk: Desk) -> None:
    house = household(17)
    await desk.opened(house, "red")
    await desk.register(17, "changed", region=FAR, grid=FAR_GRID)
    await desk.advance(timedelta(days=30))
    while (await desk.ring())[0]:
        pass
    rung = await desk.emitted(house, "deadline.passed")
    assert {(one["region"], one["data"]["office"], one["data"]["supervisor"]) for one in rung} == {
        (FAR, FAR_GRID, FAR[:9])
    }


# ── records that meet ───────────────────────────────────────────────────────────────────────────────────────────


async def test_two_moves_of_one_batch_are_two_and_a_record_that_comes_again_is_none(desk: Desk) -> None:
    house = household(20)
    before = await desk.opened(house)
    first, second = told(desk, 20, grid=BESIDE), told(desk, 20, region=NEXT, grid=NEXT_GRID)
    await desk.told(first, second)
    task = await desk.task(house)
    assert (task["office"], task["version"]) == (NEXT_GRID, before["version"] + 2)
    facts = await reassigned(desk, house)
    assert [one["data"]["office"] for one in facts] == [BESIDE, NEXT_GRID]
    assert [one["causationid"] for one in facts] == [str(one.body.id) for one in (first, second)]
    assert dict((await desk.told(first, second)).outcomes) == {"duplicate": 2}
    assert len(await reassigned(desk, house)) == 2 and (await desk.task(house))["version"] == task["version"]


async def test_there_and_back_in_one_batch_leaves_it_where_it_was(desk: Desk) -> None:
    house = household(21)
    await desk.opened(house)
    await desk.told(told(desk, 21, region=NEXT, grid=NEXT_GRID), told(desk, 21))
    assert await stands(desk, house) == {(VILLAGE, GRID)}
    assert (await desk.task(house))["office"] == GRID


async def test_a_move_and_a_warning_of_one_batch_are_of_one_place(desk: Desk) -> None:
    house, new = household(22), household(23)
    await desk.decide(await desk.opened(house), "report", report())
    await desk.deliver()
    await desk.register(23)
    more = warning_state(house, "red", ("unsafe_house",), new=("unsafe_house",))
    await desk.told(
        desk.fact("warning.raised", "strengthened", house, more),
        told(desk, 22, region=NEXT, grid=NEXT_GRID),
        desk.fact("warning.raised", "raised", new, warning_state(new)),
        told(desk, 23, region=NEXT, grid=NEXT_GRID),
    )
    await desk.deliver()
    assert await stands(desk, house) == await stands(desk, new) == {(NEXT, NEXT_GRID)}
    offices = {one["office"] for one in await tasks(desk, house)}
    assert offices == {NEXT, NEXT_GRID} and (await desk.task(new))["office"] == NEXT_GRID


async def test_a_warning_that_does_not_know_of_the_move_yet_opens_its_case_where_the_household_lives(
    desk: Desk,
) -> None:
    await desk.register(24, region=NEXT, grid=NEXT_GRID)
    await desk.warn(household(24))
    assert await stands(desk, household(24)) == {(NEXT, NEXT_GRID)}
    await desk.told(told(desk, 25, "merged", into=26))
    await desk.register(26, region=NEXT, grid=NEXT_GRID)
    await desk.warn(household(25))
    assert await stands(desk, household(26)) == {(NEXT, NEXT_GRID)}, "a merged one's is where the other one lives"


# ── merged ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_merged_households_case_is_the_office_s_where_the_other_one_lives(desk: Desk) -> None:
    unknown, known = household(30), household(31)
    task = await desk.opened(unknown, region=OPEN, grid=OPEN_GRID)
    await desk.register(31, region=NEXT, grid=NEXT_GRID)
    await desk.told(told(desk, 30, "merged", into=31, region=OPEN, grid=OPEN_GRID))
    again = await desk.task(known)
    assert (again["task_id"], again["office"], again["due_at"]) == (task["task_id"], NEXT_GRID, task["due_at"])
    assert await stands(desk, known) == {(NEXT, NEXT_GRID)} and await stands(desk, unknown) == set()
    [fact] = await reassigned(desk, known)
    assert fact["data"]["household_id"] == str(known) and fact["data"]["office"] == NEXT_GRID


async def test_merged_with_one_that_the_register_has_not_told_of_it_goes_along_once_it_is_told(desk: Desk) -> None:
    await desk.opened(household(32))
    await desk.told(told(desk, 32, "merged", into=33))
    assert (await desk.task(household(33)))["office"] == GRID
    await desk.register(33, region=NEXT, grid=NEXT_GRID)
    assert (await desk.task(household(33)))["office"] == NEXT_GRID
    assert await stands(desk, household(33)) == {(NEXT, NEXT_GRID)}


async def test_merged_twice_in_one_batch_it_is_the_last_ones(desk: Desk) -> None:
    await desk.opened(household(34))
    await desk.told(
        told(desk, 35, region=NEXT, grid=NEXT_GRID),
        told(desk, 36, region=FAR, grid=FAR_GRID),
        told(desk, 34, "merged", into=35),
        told(desk, 35, "merged", into=36, region=NEXT, grid=NEXT_GRID),
    )
    assert (await desk.task(household(36)))["office"] == FAR_GRID
    assert await stands(desk, household(36)) == {(FAR, FAR_GRID)}
    await desk.warn(household(34), "strengthened", "red", concerns=("unsafe_house",))
    every = [household(34), household(35), household(36)]
    count = "SELECT count(*) FROM cases WHERE household_id = ANY($1::uuid[])"
    assert await desk.worker.fetchval(count, every) == 1


async def test_merged_into_one_that_was_merged_a_moment_ago_it_is_that_ones_target(desk: Desk) -> None:
    await desk.opened(household(37))
    await desk.register(39, region=FAR, grid=FAR_GRID)
    await desk.told(told(desk, 38, "merged", into=39), told(desk, 37, "merged", into=38))
    assert (await desk.task(household(39)))["office"] == FAR_GRID


async def test_merged_with_one_that_has_its_own_both_cases_are_where_it_lives(desk: Desk) -> None:
    await desk.opened(household(40))
    await desk.register(41, region=NEXT, grid=NEXT_GRID)
    await desk.opened(household(41))
    await desk.told(told(desk, 40, "merged", into=41))
    for house in (household(40), household(41)):
        assert await stands(desk, house) == {(NEXT, NEXT_GRID)}
        assert (await desk.task(house))["office"] == NEXT_GRID


# ── many ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_many_that_move_at_once_ask_the_database_as_often_as_one(desk: Desk) -> None:
    numbers = range(50, 62)
    for number in numbers:
        await desk.opened(household(number))
    async with counted(desk.worker) as of_one:
        await desk.told(told(desk, 50, region=NEXT, grid=NEXT_GRID))
    async with counted(desk.worker) as of_many:
        await desk.told(*(told(desk, number, region=NEXT, grid=NEXT_GRID) for number in numbers[1:]))
    assert len(of_many) <= len(of_one)
    for number in numbers:
        assert (await desk.task(household(number)))["office"] == NEXT_GRID


async def test_a_refusal_that_is_appealed_against_after_a_move_is_taken_up_where_the_household_lives(
    desk: Desk,
) -> None:
    house = household(70)
    await desk.opened(house)
    await desk.worker.execute(
        "UPDATE cases SET state = 'closed', result = 'refused', closed_at = civil.now(), closed_because = 'refused' "
        "WHERE household_id = $1",
        house,
    )
    await desk.worker.execute(
        "UPDATE places SET state = 'ended', ended_at = civil.now(), ended_as = 'closed' WHERE household_id = $1", house
    )
    await desk.worker.execute("UPDATE tasks SET state = 'decided' WHERE household_id = $1", house)
    await desk.worker.execute("UPDATE deadlines SET state = 'ended', wake_at = NULL WHERE household_id = $1", house)
    await desk.register(70, "changed", region=ABROAD, grid=ABROAD_GRID)
    clue = Clue(
        clue_id=uuid4(), household_id=house, cause="declaration", channel="web", concerns=(), reported_at=RAISED_AT,
        reported_by_role="farmer",
    )  # fmt: skip
    await desk.told(desk.fact("clue.reported", "appealed", house, clue))
    assert await stands(desk, house) == {(ABROAD, ABROAD_GRID)}
    await desk.deliver()
    assert (await desk.task(house))["office"] == ABROAD[:6]
