"""Live, restarted, and a fresh database that reads the topics from their beginning with the relay off: equal results.

Compared: the facts, the days to judge again, what each digest says, and the warnings that stand with all they say.
Not compared: when a database said it (`raised_at`, and the clock that runs from it; a declaration's runs from its
receipt), the journey it first said it under, and what is withdrawn or held back under an id that nobody was told.
`test_orders_of_closings` walks the orders in which a closing is read after the records that people answered: there more
may be said, never less. The records come by the unit of work; over Kafka, with processes that are killed, they come in
`tests/journeys/test_read_from_the_beginning.py`.
"""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.screening.household import unpack
from services.screening.subscribers import subscribers
from shared.crypto import Cipher, read_keys
from shared.messaging.room import Input
from shared.messaging.unit_of_work import UnitOfWork
from shared.policy import load
from shared.postgres import worker_pool
from tests import databases
from tests.services.screening.conftest import Room
from tests.services.screening.people import household_id
from tests.services.screening.test_orders_of_closings import lived, standing

HOUSEHOLDS = 300
BATCH = 1000
ORDERS = [
    ("household.registered", "stage.advanced", "data.changed", "clue.reported"),
    ("clue.reported", "stage.advanced", "household.registered", "data.changed"),
]


def days(number: int) -> list[tuple[Any, ...]]:
    """Records, corrections and withdrawals of every household; half have closings, the others reports."""
    chance = random.Random(number)
    steps: list[tuple[Any, ...]] = []
    for _ in range(chance.randint(1, 9)):
        kind = chance.random()
        if kind < 0.6:
            yuan = chance.choice((100, 3000, 5500, 6000, 12000))
            steps.append(("data", chance.choice("ABC"), yuan, chance.choice("BCD"), chance.random() < 0.2))
        elif number % 2:
            steps.append(("close",))
        else:
            steps.append(("clue", chance.choice(("declaration", "clue")), chance.choice(("food", "debt"))))
    return steps


def written() -> list[Input]:
    """All topics, in the order of time."""
    events = [event for number in range(HOUSEHOLDS) for event in lived(days(number), household_id(number))[1]]
    return sorted(events, key=lambda one: one.body.time)


async def held(pool: asyncpg.Pool) -> dict[str, Any]:
    """What a database holds, as far as it must be equal."""
    keys = await pool.fetch("SELECT key, applied, waiting, digest FROM keys WHERE digest IS NOT NULL ORDER BY key")
    warnings = await pool.fetch(
        "SELECT warning_id, household_id, state, level, told FROM warnings WHERE state IN ('open', 'suppressed')"
        " ORDER BY household_id"
    )
    return {
        "facts": [tuple(row) for row in await pool.fetch("SELECT * FROM facts ORDER BY event_id")],
        "rechecks": [tuple(row) for row in await pool.fetch("SELECT * FROM rechecks ORDER BY household_id")],
        "outcomes": [tuple(row) for row in await pool.fetch("SELECT * FROM outcomes ORDER BY event_id")],
        "keys": [(row["key"], row["applied"], row["waiting"]) for row in keys],
        "digests": [(row["key"], standing(unpack(row["digest"]), UUID(row["key"]))) for row in keys],
        "warnings": [_said(row) for row in warnings],
    }


def _said(row: asyncpg.Record) -> tuple[Any, ...]:
    told = orjson.loads(row["told"])
    told.pop("raised_at")
    told.pop("new_concerns")
    if told["cause"] != "declaration":
        told.pop("clock_started_at")
    if row["state"] == "suppressed":
        told.pop("warning_id")
        told["suppression"].pop("for_audit")
        told["findings"] = [{**one, "finding_id": ""} for one in told["findings"]]
    return row["household_id"], row["state"], row["level"], told


def work_of(pool: asyncpg.Pool, keys: Path) -> UnitOfWork:
    cipher = Cipher(read_keys(keys).waiting)
    return UnitOfWork("screening", "screening", subscribers(load("regular-2026")), pool, cipher)


async def read(work: UnitOfWork, events: Sequence[Input]) -> None:
    for start in range(0, len(events), BATCH):
        await work.process(events[start : start + BATCH])


async def test_live_restarted_and_read_again_are_equal(
    room: Room, database: str, postgres: str, template: str, keys: Path
) -> None:
    events = written()
    by_hour = [list(each) for _, each in groupby(events, key=lambda one: one.body.time)]
    half = len(by_hour) // 2
    for each in by_hour[:half]:
        await read(room.work, each)
    async with pool_of(database, keys) as pool:
        again = work_of(pool, keys)
        await read(again, by_hour[half - 1])  # delivered a second time after the restart
        for each in by_hour[half:]:
            await read(again, each)
    live = await held(room.pool)
    states = {state for _, state, *_ in live["warnings"]}
    assert states == {"open", "suppressed"} and len(live["facts"]) > 2 * HOUSEHOLDS and live["outcomes"]
    for order in ORDERS:
        async with databases.fresh(postgres, databases.next_name(), template) as dsn, pool_of(dsn, keys) as pool:
            for topic in order:
                await read(work_of(pool, keys), [one for one in events if one.topic == topic])
            fresh = await held(pool)
        for name, value in live.items():
            assert fresh[name] == value, name


@asynccontextmanager
async def pool_of(dsn: str, keys: Path) -> AsyncIterator[asyncpg.Pool]:
    pool = await worker_pool(dsn, "screening", read_keys(keys).database)
    yield pool
    await pool.close()
