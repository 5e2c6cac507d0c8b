"""The alarm against the unit of work: a thousand rounds on the same households, no deadlock, each step once."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg

from services.workflow.alarm import ring
from shared.messaging.faults import Refused
from tests.chaos.alarms import LADDER
from tests.services.workflow.house import Desk, household, opened_desk, report
from tests.services.workflow.many import copied, household_of, told

ROUNDS = 1000
"""In each the clock goes on to where one more household is due, and all that may happen to it happens at once."""
APART = timedelta(hours=2)


async def test_a_thousand_rounds_without_a_deadlock_and_each_step_once(desk: Desk, keys: Path) -> None:
    admin = await asyncpg.connect(desk.dsn)
    first = await desk.opened(household(1), "yellow")
    await copied(admin, household(1), ROUNDS, at_once=1, apart=APART)
    await admin.execute("UPDATE civil.clock SET is_demo = true")
    await admin.execute("SELECT civil.advance($1 - civil.now())", first["due_at"])
    other = await opened_desk(desk.dsn, keys)
    dice = random.Random(7)
    decided = 0
    for number in range(1, ROUNDS + 1):
        await admin.execute("SELECT civil.advance($1)", APART)
        house = household_of(number)
        task_id = await admin.fetchval("SELECT task_id FROM workflow.tasks WHERE household_id = $1", house)
        steps: list[Any] = [
            ring(desk.alarm),
            ring(other.alarm),
            decide(desk, {"task_id": task_id, "version": 1}),
            desk.told(strengthened(desk, household_of(max(1, number - dice.randrange(3))))),
        ]
        dice.shuffle(steps)
        decided += sum(one is True for one in await asyncio.gather(*steps))
    await other.close()
    while (await desk.ring())[0]:
        continue
    assert 0 < decided <= ROUNDS
    await admin.execute("SELECT pg_stat_force_next_flush()")
    assert await admin.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0
    deadlines = await told(admin)
    assert len(deadlines) > ROUNDS / 2
    for one in deadlines.values():
        assert one.steps == LADDER[: len(one.steps)], one
        assert list(one.numbers) == sorted(set(one.numbers))
    await admin.close()


def strengthened(desk: Desk, house: Any) -> Any:
    from tests.services.workflow.house import warning_state

    return desk.fact("warning.raised", "strengthened", house, warning_state(house, "orange", ("education_burden",)))


async def decide(desk: Desk, task: Any) -> bool:
    """A decision that comes too late, after a strengthening, is refused and is no fault."""
    try:
        await desk.decide(task, "report", report())
    except Refused:
        return False
    return True
