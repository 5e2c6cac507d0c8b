"""Queue counts add up to open cases at every moment, whoever writes meanwhile."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from services.workflow.queues import PARTS, counted, late_on_its_way, part_of
from shared.messaging.faults import Refused
from shared.messaging.unit_of_work import SET_SCOPE
from shared.postgres import session
from tests.services.workflow.house import CADRE, Desk, household, opened_desk, report, visit


async def check(desk: Desk) -> int:
    """One moment: the counts, and open cases counted from their own table in the same snapshot."""
    async with session(desk.api) as connection, connection.transaction(isolation="repeatable_read"):
        await connection.execute(SET_SCOPE, "341221000000", "341221999999", "*")
        queues = await counted(connection)
        cases = await connection.fetchval("SELECT count(*) FROM cases WHERE state <> 'closed'")
    assert queues["cases"] == cases
    assert queues["total"] == cases + queues["besides"]
    assert queues["total"] == sum(queues[part] for part in PARTS) == sum(row["count"] for row in queues["hops"])
    for part in PARTS:
        assert queues[part] == sum(
            row["count"] for row in queues["hops"] if part_of(row["state"], row["lateness"]) == part
        )
    return int(queues["total"])


async def life(desk: Desk, number: int, dice: random.Random) -> None:
    """A household's way, with turns: some are strengthened late, some withdrawn, some left lying."""
    house = household(number)
    await desk.warn(house, level=dice.choice(["red", "orange", "yellow"]))
    if dice.random() < 0.2:
        await desk.warn(house, "withdrawn", state="withdrawn")
        return
    await arrive(desk, house)
    task = await desk.task(house)
    await desk.decide(task, "report", report(difficulty=dice.choice(["confirmed", "unclear"])))
    if dice.random() < 0.3:
        await desk.warn(house, "strengthened", "red", concerns=("medical_burden", "unsafe_house"))
    await arrive(desk, house)
    if dice.random() < 0.7:
        try:
            await desk.decide(await desk.task(house), "record_visit", visit(), CADRE)
        except (AssertionError, Refused):
            return


async def arrive(desk: Desk, house: object) -> None:
    async with LOCK:
        await desk.deliver()


LOCK = asyncio.Lock()
"""One group has one reader a key: deliveries of one household are never at once."""

WRITERS, LIVES = 8, 160


async def writer(desk: Desk, numbers: Sequence[int], seed: int) -> None:
    """One process of eight, with households of its own."""
    dice = random.Random(seed)
    for number in numbers:
        await life(desk, number, dice)
        if dice.random() < 0.1:
            await desk.advance(timedelta(hours=dice.randrange(6, 30)))


async def ringing(desk: Desk, lives: "asyncio.Future[list[None]]") -> None:
    """The alarm moves lateness, and with it from part to part, all the while."""
    while not lives.done():
        await desk.ring()
        await asyncio.sleep(0)


async def test_the_parts_add_up_to_open_cases_at_random_moments_with_eight_writers_at_work(
    desk: Desk, keys: Path
) -> None:
    desks = [await opened_desk(desk.dsn, keys) for _ in range(WRITERS)]
    lives = asyncio.gather(*(writer(one, range(at, LIVES, WRITERS), at) for at, one in enumerate(desks)))
    alarm = asyncio.ensure_future(ringing(desk, lives))
    moments = 0
    while not lives.done():
        await check(desk)
        moments += 1
        await asyncio.sleep(0)
    await lives
    await alarm
    assert moments > 20
    assert await check(desk) > LIVES / 2
    late = await desk.worker.fetchval("SELECT count(DISTINCT lateness) FROM places WHERE state <> 'ended'")
    assert late > 1, "the alarm was at work too"
    for one in desks:
        await one.close()


async def test_what_is_late_between_two_hops_is_listed_though_it_has_no_task(desk: Desk) -> None:
    house = household(900)
    await desk.warn(house, level="red", started_at=await desk.worker.fetchval("SELECT civil.now()"))
    await desk.advance(timedelta(days=6))
    while (await desk.ring())[0]:
        pass
    async with session(desk.api) as connection, connection.transaction():
        await connection.execute(SET_SCOPE, "341221000000", "341221999999", "*")
        found = [one for one in await late_on_its_way(connection, 200) if one["household_id"] == house]
        assert await late_on_its_way(connection, 200, "housing") == [], "a department sees its own branches alone"
    [late] = found
    assert (late["hop"], late["lateness"], late["from_hop"]) == ("village_group", "supervised", None)
    await arrive(desk, house)
    async with session(desk.worker) as connection:
        assert house not in {one["household_id"] for one in await late_on_its_way(connection, 200)}, (
            "a task says it now"
        )
