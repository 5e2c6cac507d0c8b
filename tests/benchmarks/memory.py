"""Memory: what screening's process holds while a million changes go through it, told every 100,000."""

import asyncio
from itertools import islice
from pathlib import Path
from statistics import fmean

import asyncpg

from shared.clock import machine_now
from tests.benchmarks import ceiling
from tests.benchmarks.changes import changing
from tests.benchmarks.clockwork import Said, pss_mb
from tests.benchmarks.screening import prepared, publish, reached, until
from tests.house import House

PIECE = 100_000
HOUSEHOLDS, RECORDS_MAX = 20_000, 8
"""What is known of a household does not grow: else its digest does, and what a batch unpacks with it."""


async def measured(place: Path, count: int, seed: int) -> Said:
    """Megabytes of the process after each piece; `grown` compares the last third with the third before it."""
    house = House(place)
    try:
        await prepared(house)
        admin = await asyncpg.connect(house.postgres.dsn)
        await ceiling.register(admin, HOUSEHOLDS)
        await admin.execute("ANALYZE")
        house.start("screening")
        await asyncio.to_thread(house.await_ready, "screening")
        source = changing(HOUSEHOLDS, seed, machine_now(), RECORDS_MAX)
        held: list[float] = []
        for end in range(PIECE, count + 1, PIECE):
            await publish(house.kafka.bootstrap, [lying for _, _, lying in islice(source, PIECE)])
            await until(lambda end=end: reached(admin, "data.changed", end), f"{end:,} changes")  # type: ignore[misc]
            held.append(pss_mb(house.running["screening"].pid))
        await admin.close()
    finally:
        house.stop()
    third = max(1, len(held) // 3)
    grown = fmean(held[-third:]) - fmean(held[-2 * third : -third] or held[:1])
    lines = tuple(f"{number * PIECE:>9,} changes  {one:6.1f} MB" for number, one in enumerate(held, 1))
    values = {"first MB": held[0], "most MB": max(held), "last MB": held[-1], "grown in the last third MB": grown}
    return Said(f"memory of screening over {count:,} changes", values, lines=lines)
