"""What is delivered a second time changes nothing: a group whose positions are set back to the beginning."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import asyncpg

from tests.benchmarks.changes import Lying, changing, households
from tests.benchmarks.screening import publish
from tests.house import House
from tests.until import until
from tests.volume.ground import Figure, emptied, ends

GROUP = "screening"
PUBLISHED_AT_ONCE = 50_000
HOMES = 20_000
RECORDS_OF_A_HOME = 20
"""Later changes of a household correct its earlier ones, so that a million is a matter of delivery, not of history."""
SETTLE_SECONDS = 1800
NOT_STATE = ("positions", "relay", "migrations")
"""Where it was read to, not what came of it."""


async def again(house: House, count: int, seed: int) -> Figure:
    """`count` changes through screening; then the same log once more from its beginning."""
    await emptied(house)
    house.start("screening")
    await asyncio.to_thread(house.await_ready, "screening")
    admin = await asyncpg.connect(house.postgres.dsn)
    began = time.monotonic()
    homes = min(HOMES, count)
    for lying in _chunks(households(homes)):
        await publish(house.kafka.bootstrap, lying)
    made = (one for _, _, one in changing(homes, seed, datetime.now(UTC), RECORDS_OF_A_HOME))
    for lying in _chunks(islice(made, count)):
        await publish(house.kafka.bootstrap, lying)
    await until(lambda: _reads(admin, count + homes), SETTLE_SECONDS, "everything read")
    await until(lambda: _is_sent(admin), 60, "everything sent")
    first = time.monotonic() - began
    house.kill("screening")
    before, told = await _state(admin), await ends(house.kafka.bootstrap, "warning.raised")
    await admin.execute("UPDATE screening.positions SET next_offset = 0 WHERE consumer = $1", GROUP)
    began = time.monotonic()
    house.start("screening")
    await until(lambda: _reads(admin, 2 * (count + homes)), SETTLE_SECONDS, "everything read again")
    second = time.monotonic() - began
    house.kill("screening")
    after, told_again = await _state(admin), await ends(house.kafka.bootstrap, "warning.raised")
    duplicates = await admin.fetchval("SELECT sum(duplicates) FROM screening.positions WHERE consumer = $1", GROUP)
    await admin.close()
    return Figure(
        "R24", f"{count + homes:,} records delivered again", "1,000,000 records: no effect", seed,
        {
            "tables that changed": sum(before[name] != after[name] for name in before),
            "facts that were told again": told_again - told,
            "not known as duplicates": abs(count + homes - int(duplicates)),
        },
        (
            f"{told:,} warnings told at first", f"{len(before)} tables compared row by row",
            f"first {first:.0f} s, again {second:.0f} s",
        ),
    )  # fmt: skip


def _chunks(made: Iterator[Lying]) -> Iterator[list[Lying]]:
    while chunk := list(islice(made, PUBLISHED_AT_ONCE)):
        yield chunk


async def _reads(admin: asyncpg.Connection, count: int) -> bool:
    query = "SELECT coalesce(sum(received), 0) >= $1 FROM screening.positions WHERE consumer = $2"
    return bool(await admin.fetchval(query, count, GROUP))


async def _is_sent(admin: asyncpg.Connection) -> bool:
    return not await admin.fetchval("SELECT EXISTS (SELECT FROM screening.outbox)")


async def _state(admin: asyncpg.Connection) -> dict[str, tuple[int, str]]:
    """Each table: its rows, and a sum over what stands in them."""
    names = await admin.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'screening' AND tablename <> ALL ($1)", list(NOT_STATE)
    )
    found = {}
    for name in (row["tablename"] for row in names):
        row = await admin.fetchrow(
            "SELECT count(*) AS rows, coalesce(sum(hashtextextended(t::text, 0)), 0)::text AS sum "
            f'FROM screening."{name}" t'
        )
        assert row is not None
        found[name] = (row["rows"], row["sum"])
    return found
