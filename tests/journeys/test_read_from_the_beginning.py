"""Over Kafka: screening live and killed on the way, and a fresh database that reads the topics from their beginning.

The fresh one's relay is off: it sends nothing. What both then hold is equal; `test_read_again` says what is compared,
and walks the same by the unit of work with closings among the records.
"""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.demo.sending import sending
from deploy.demo.township import Township
from deploy.local.postgres import Postgres
from shared.messaging.restore import restore
from shared.postgres import SERVICES, migrate
from tests.chaos.reports import of_known
from tests.chaos.run import Chaos, Plan, slices
from tests.house import House
from tests.servers import folder
from tests.services.screening.test_read_again import held
from tests.until import until

KILLS = 4
NOBODY = 10**9
PLAN = Plan(seed=20261126, households=600, records=400, faults=0, held_share=0.02, share=NOBODY)
READ = "SELECT topic, partition, next_offset FROM screening.positions ORDER BY topic, partition"


@dataclass
class TwoDatabases(House):
    """Screening's next process has the fresh database once it is there."""

    fresh: Postgres | None = None

    def environment(self, slot: str) -> dict[str, str]:
        told = super().environment(slot)
        return told if self.fresh is None else told | {"SHOUWANG_POSTGRES": self.fresh.dsn}


class Restarted(Chaos):
    """The chaos programme's road with one fault: screening dies while it is at work. Nobody decides."""

    async def _break(self, township: Township) -> None:
        ways = sending(township.register, township.records)
        known = of_known(self.plan.seed, township, self.plan.reports)
        parts = zip(slices(ways.http, KILLS), slices(ways.kafka, KILLS), slices(known, KILLS), strict=True)
        for part in parts:
            under_way = asyncio.create_task(self._send(*part))
            await self._kill_at("screening", "saved")
            await under_way


async def test_a_fresh_database_that_reads_the_topics_holds_what_the_live_one_holds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL, "aiokafka")
    with folder("again") as place:
        house = TwoDatabases(place)
        try:
            outcome = await Restarted(PLAN, house, lambda line: None).run()
            assert outcome.verdict.is_clean() and outcome.hits["screening", "saved"] >= 2, "\n".join(outcome.lines())
            live = await _held(house.postgres.dsn)
            assert len(live["facts"]) > 300 and len(live["warnings"]) > 20 and live["read"], outcome.done
            await _stopped(house)
            house.fresh = await _fresh(place, house.keys)
            await restore(house.kafka.bootstrap, house.fresh.dsn)
            house.start("screening")
            await until(partial(_has_read, house.fresh.dsn, live["read"]), 120, "read to where the live one had read")
            fresh = await _held(house.fresh.dsn)
            for name, value in live.items():
                assert fresh[name] == value, name
        finally:
            house.stop()
            if house.fresh is not None:
                house.fresh.kill()


async def _held(dsn: str) -> dict[str, Any]:
    """What a screening database holds, and how far it has read each partition."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1, server_settings={"search_path": "screening"}) as pool:
        return await held(pool) | {"read": await _read(dsn)}


async def _read(dsn: str) -> list[tuple[Any, ...]]:
    admin = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await admin.fetch(READ)]
    finally:
        await admin.close()


async def _has_read(dsn: str, positions: list[tuple[Any, ...]]) -> bool:
    return await _read(dsn) == positions


async def _stopped(house: House) -> None:
    for service in SERVICES:
        await asyncio.to_thread(house.kill, service)
    await asyncio.to_thread(house.postgres.stop)


async def _fresh(place: Path, keys: Path) -> Postgres:
    """A database with nothing in it, whose relay's lease somebody else holds for good: no process of ours sends."""
    server = Postgres(place / "fresh")
    await asyncio.to_thread(server.start)
    await migrate(server.dsn, keys)
    admin = await asyncpg.connect(server.dsn)
    await admin.execute("UPDATE screening.relay SET instance = 'nobody', until = 'infinity'")
    await admin.close()
    return server
