"""The alarm on real PostgreSQL: each step once and in order, whoever races, however far the clock jumps."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from services.workflow.alarm import Alarm, ring, untold
from services.workflow.supervision import supervisor_of
from shared.contracts.types import Hop
from shared.messaging.room import Decision, Input, State
from tests.services.workflow.house import CADRE, Desk, household, opened_desk, report, visit
from tests.tokens import GRID, VILLAGE

DAY = timedelta(days=1)
LADDER = ["near", "passed", "urged", "supervised", "reported"]
AFTER = [-DAY, 0 * DAY, DAY, 3 * DAY, 5 * DAY]


@pytest_asyncio.fixture
async def desk(postgres: str, template: str, keys: Path) -> AsyncIterator[Desk]:
    """A database a test: its clock moves."""
    admin = await asyncpg.connect(postgres)
    await admin.execute("DROP DATABASE IF EXISTS shouwang_test_alarm WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE shouwang_test_alarm TEMPLATE {template}")
    built = await opened_desk(postgres.rpartition("/")[0] + "/shouwang_test_alarm", keys)
    yield built
    await built.close()
    await admin.execute("DROP DATABASE shouwang_test_alarm WITH (FORCE)")
    await admin.close()


async def lateness(desk: Desk, house: UUID) -> str:
    return str(await desk.worker.fetchval("SELECT lateness FROM places WHERE household_id = $1", house))


async def steps(desk: Desk, house: UUID) -> list[str]:
    return await desk.words(house, "deadline.passed")


async def test_a_day_before_and_at_the_limit_each_step_is_told_once(desk: Desk) -> None:
    house = household(1)
    task = await desk.opened(house, "yellow")
    assert await desk.ring() == (0, 0) and await lateness(desk, house) == "normal"
    await desk.advance(task["due_at"] - timedelta(minutes=30) - await desk.worker.fetchval("SELECT civil.now()"))
    assert await desk.ring() == (1, 0)
    assert (await steps(desk, house), await lateness(desk, house)) == (["near"], "due")
    assert await desk.ring() == (0, 0)
    await desk.advance(DAY)
    assert await desk.ring() == (1, 0)
    assert (await steps(desk, house), await lateness(desk, house)) == (["near", "passed"], "overdue")
    assert await desk.ring() == (0, 0)
    [near, passed] = await desk.emitted(house, "deadline.passed")
    assert datetime.fromisoformat(passed["data"]["fired_at"]) == task["due_at"]
    assert datetime.fromisoformat(near["data"]["fired_at"]) == task["due_at"] - DAY
    assert passed["data"]["task_id"] == str(task["task_id"])
    history = await desk.worker.fetch("SELECT type FROM history WHERE household_id = $1 ORDER BY number", house)
    assert [row["type"].split(".")[2] for row in history] == ["opened", "arrived", "near", "passed"]


async def test_a_jump_of_the_clock_tells_the_steps_in_order_each_with_its_own_instant(desk: Desk) -> None:
    house = household(2)
    task = await desk.opened(house, "orange")
    await desk.advance(40 * DAY)
    assert await desk.ring() == (1, 0)
    told = await desk.emitted(house, "deadline.passed")
    assert [one["type"].split(".")[2] for one in told] == LADDER
    fired = [datetime.fromisoformat(one["data"]["fired_at"]) for one in told]
    assert fired == [task["due_at"] + after for after in AFTER]
    assert [datetime.fromisoformat(one["time"]) for one in told] == fired
    assert [one["sequence"] for one in told] == [f"{number:012d}" for number in range(1, 6)]
    row = await desk.worker.fetchrow("SELECT state, wake_at, fired FROM deadlines WHERE household_id = $1", house)
    assert row is not None and tuple(row) == ("done", None, LADDER)
    assert await desk.ring() == (0, 0) and await untold(desk.worker) == []


async def test_the_whole_ladder_step_by_step_moves_lateness_and_asks_the_office_above(desk: Desk) -> None:
    house = household(9)
    task = await desk.opened(house, "yellow")
    now = await desk.worker.fetchval("SELECT civil.now()")
    seen: list[tuple[str, int]] = []
    for after in AFTER:
        await desk.advance(task["due_at"] + after - now - timedelta(seconds=30))
        assert await desk.ring() == (0, 0), "not half a minute too early"
        await desk.advance(timedelta(minutes=1))
        now = await desk.worker.fetchval("SELECT civil.now()")
        assert [one["step"] for one in await untold(desk.worker)] == [LADDER[len(seen)]], "the auditor sees it wait"
        assert await desk.ring() == (1, 0) and await desk.ring() == (0, 0)
        assert await untold(desk.worker) == []
        opened = await desk.worker.fetchval("SELECT count(*) FROM supervisions WHERE household_id = $1", house)
        seen.append((await lateness(desk, house), opened))
    assert seen == [("due", 0), ("overdue", 0), ("overdue", 0), ("supervised", 1), ("supervised", 1)]
    told = await desk.emitted(house, "deadline.passed")
    assert [one["data"]["step"] for one in told] == LADDER
    assert {(one["data"]["office"], one["data"]["supervisor"]) for one in told} == {(GRID, VILLAGE[:9])}
    row = await desk.worker.fetchrow("SELECT * FROM supervisions WHERE household_id = $1", house)
    assert row is not None
    assert (row["office"], row["supervisor"], row["state"]) == (GRID, VILLAGE[:9], "open")
    assert (row["opened_at"], row["due_at"]) == (task["due_at"] + 3 * DAY, task["due_at"])
    assert str(row["cause_id"]) == told[3]["id"]


@pytest.mark.parametrize(
    ("hop", "office"),
    [
        ("village_group", "341221102"),
        ("village_committee", "341221102"),
        ("village_return", "341221102"),
        ("township", "341221"),
        ("township_return", "341221"),
        ("county", "3412"),
        ("department", "3412"),
    ],
)
def test_an_office_is_supervised_one_level_up(hop: Hop, office: str) -> None:
    assert supervisor_of(hop, VILLAGE) == office


async def test_a_stopped_hop_keeps_its_case_on_its_way_counted_dated_and_alarmed(desk: Desk) -> None:
    house = household(3)
    await desk.warn(house, level="red")
    await desk.advance(1 * DAY + timedelta(hours=12))
    assert await desk.ring() == (1, 0)
    assert await desk.places(house) == [("village_group", 1, "main", "on_its_way")]
    assert (await lateness(desk, house), await steps(desk, house)) == ("overdue", ["near", "passed"])
    assert (await desk.emitted(house, "deadline.passed"))[0]["data"]["task_id"] is None
    await desk.deliver()
    assert (await desk.task(house))["lateness"] == "overdue", "opening the task late forgives nothing"


async def test_a_round_that_has_ended_rings_no_more(desk: Desk) -> None:
    reported, visited, closed = household(4), household(5), household(6)
    await desk.decide(await desk.opened(reported), "report", report())
    await desk.decide(await desk.opened(visited), "report", report())
    await desk.deliver()
    await desk.decide(await desk.task(visited), "record_visit", visit(), CADRE)
    await desk.warn(closed)
    await desk.warn(closed, "withdrawn", state="withdrawn")
    await desk.advance(60 * DAY)
    assert await desk.ring() == (2, 0)
    assert [one["data"]["hop"] for one in await desk.emitted(reported, "deadline.passed")] == ["village_committee"] * 5
    rang = await desk.worker.fetch(
        "SELECT step, fired FROM deadlines WHERE household_id = $1 ORDER BY sent_at", visited
    )
    assert [(row["step"], len(row["fired"])) for row in rang] == [("first_look", 0), ("visit", 0), ("review", 5)]
    assert await steps(desk, closed) == []
    asked = await desk.worker.fetch("SELECT household_id FROM supervisions")
    assert {row["household_id"] for row in asked} == {reported, visited}


async def test_any_number_of_alarms_tell_each_step_exactly_once(desk: Desk, keys: Path) -> None:
    houses = [household(100 + number) for number in range(120)]
    await desk.told(*(await _facts(desk, houses)))
    await desk.advance(60 * DAY)
    others = [await opened_desk(desk.dsn, keys) for _ in range(2)]
    alarms = [desk, *others]
    try:
        counts = await asyncio.gather(*(ring(one.alarm) for one in alarms for _ in range(1)))
        assert max(count for count, _ in counts) == 120 and all(failed == 0 for _, failed in counts)
        assert await desk.ring() == (0, 0)
    finally:
        for one in others:
            await one.close()
    for house in houses:
        assert await steps(desk, house) == LADDER
    assert await untold(desk.worker) == [], "the auditor finds nothing due and untold"


async def _facts(desk: Desk, houses: Sequence[UUID]) -> list[Input]:
    from tests.services.workflow.house import warning_state

    return [desk.fact("warning.raised", "raised", house, warning_state(house)) for house in houses]


async def test_a_decision_races_the_alarm_and_one_of_them_is_first(desk: Desk) -> None:
    houses = [household(300 + number) for number in range(20)]
    tasks = [await desk.opened(house) for house in houses]
    await desk.advance(60 * DAY)
    await asyncio.gather(desk.ring(), *(desk.decide(task, "report", report()) for task in tasks))
    await desk.ring()
    for house in houses:
        told = [one["data"] for one in await desk.emitted(house, "deadline.passed")]
        first = [one["step"] for one in told if one["hop"] == "village_group"]
        assert first in ([], LADDER)


class Failing(Alarm):
    """Fails on one household, as a bug of ours would."""

    broken: UUID

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        if input.key == str(self.broken):
            raise RuntimeError("planted")
        return super().decide(state, input, now)


async def test_a_failing_deadline_is_put_off_with_its_error_and_nobody_elses_waits(desk: Desk) -> None:
    bad, good = household(7), household(8)
    await desk.opened(bad)
    await desk.opened(good)
    await desk.advance(60 * DAY)
    failing = Failing()
    failing.broken = bad
    work: Any = desk.alarm
    work.subscribers, work.subscriber = [failing], {failing.topic: failing}
    assert await desk.ring() == (2, 1)
    assert await steps(desk, good) == LADDER and await steps(desk, bad) == []
    row = await desk.worker.fetchrow("SELECT error, tries, wake_at FROM deadlines WHERE household_id = $1", bad)
    assert row is not None and (row["error"], row["tries"]) == ("decide: RuntimeError", 1)
    assert await desk.ring() == (0, 0), "it is looked at again in five minutes"
    waiting = await untold(desk.worker)
    assert [(one["step"], one["error"]) for one in waiting] == [(step, "decide: RuntimeError") for step in LADDER]
    failing.broken = household(0)
    await desk.advance(timedelta(minutes=6))
    assert await desk.ring() == (1, 0)
    assert await steps(desk, bad) == LADDER
    assert await untold(desk.worker) == []
