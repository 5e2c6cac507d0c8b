"""A database that was put back to an earlier hour, on a real Kafka: numbers are kept, what is new goes on behind."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest_asyncio

from shared.messaging import topics
from shared.messaging.restore import restore
from tests.databases import execute
from tests.shared.messaging.ledger import House, fact, house
from tests.shared.messaging.relaying import outbox, relay_of, running, sent
from tests.until import until

TABLES = ("keys", "positions", "outbox", "ledger")


@pytest_asyncio.fixture
async def road(database: str, keys: Path, kafka: str) -> AsyncIterator[House]:
    await topics.create(kafka, 6, 1)
    built = await house(database, keys)
    yield built
    await built.pool.close()


async def _back_up(road: House) -> None:
    await execute(road.dsn, *(f"CREATE TABLE public.backup_{name} AS TABLE screening.{name}" for name in TABLES))


async def _put_back(road: House) -> None:
    for name in TABLES:
        await execute(
            road.dsn,
            f"TRUNCATE screening.{name}",
            f"INSERT INTO screening.{name} OVERRIDING SYSTEM VALUE TABLE public.backup_{name}",
            f"DROP TABLE public.backup_{name}",
        )
    road.work.said.is_any = None  # every service is started anew after a restore


async def _learnt(road: House, *keys: str) -> int:
    admin = await asyncpg.connect(road.dsn)
    try:
        return int(await admin.fetchval("SELECT count(*) FROM screening.restored WHERE key = ANY ($1)", keys))
    finally:
        await admin.close()


async def _relayed(road: House, kafka: str) -> None:
    async with running(relay_of(road, kafka)):

        async def is_empty() -> bool:
            return await outbox(road) == 0

        await until(is_empty, 15, "outbox empty")


async def test_what_was_said_keeps_its_number_and_what_is_new_goes_on_behind_the_end(road: House, kafka: str) -> None:
    known, late = str(uuid4()), str(uuid4())
    await road.work.process([fact(known, number) for number in (1, 2, 3, 4)])
    await _relayed(road, kafka)
    await _back_up(road)
    await road.work.process([fact(known, number) for number in (5, 6, 7)])
    await road.work.process([fact(late, number) for number in (1, 2)])
    await _relayed(road, kafka)

    await _put_back(road)
    found = await restore(kafka, road.dsn)
    assert found["screening"] >= 5, "other tests' facts lie in the same topics"
    assert await _learnt(road, known, late) == 5, "5 to 7, and the late one's two"
    assert (await restore(kafka, road.dsn))["screening"] == 0, "a second time there is nothing to learn"
    assert (await road.row(known))["emitted"][2] == 7

    # Read again: 5 to 7 are in the log; the eighth is new, and so is what the earlier database never heard of.
    await road.work.process([fact(known, number) for number in (5, 6, 7, 8)])
    await road.work.process([fact(late, number) for number in (1, 2, 3)])
    await _relayed(road, kafka)
    log = await sent(kafka)
    assert [sequence for key, sequence in log if key == known] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [sequence for key, sequence in log if key == late] == [1, 2, 3]
    assert await road.words(known) == [f"r-{number}" for number in range(1, 9)]
    assert (await road.row(known))["emitted"][2] == 8
    assert await _learnt(road, known, late) == 0, "what has been told again is asked for no more"
