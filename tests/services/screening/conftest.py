"""Screening on a real PostgreSQL, for its tests."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest_asyncio

from services.screening.household import Digest, unpack
from services.screening.subscribers import subscribers
from shared import postgres
from shared.contracts.warning import WarningRaised
from shared.crypto import Cipher, read_keys
from shared.messaging.unit_of_work import UnitOfWork
from shared.policy import load
from tests.databases import execute


@dataclass
class Room:
    work: UnitOfWork
    pool: asyncpg.Pool

    async def told(self) -> list[WarningRaised]:
        rows = await self.pool.fetch("SELECT value FROM outbox ORDER BY id")
        return [WarningRaised.model_validate_json(row["value"]) for row in rows]

    async def kinds(self) -> list[str]:
        return [one.type.split(".")[2] for one in await self.told()]

    async def digest(self, household: UUID) -> Digest:
        return unpack(await self.pool.fetchval("SELECT digest FROM keys WHERE key = $1", str(household)))

    async def states(self) -> list[tuple[str, str]]:
        return [
            (r["state"], r["level"])
            for r in await self.pool.fetch("SELECT state, level FROM warnings ORDER BY raised_at")
        ]


async def emptied(database: str) -> None:
    """A fresh screening database."""
    tables = ("keys", "outbox", "waiting", "positions", "facts", "warnings", "outcomes", "rechecks")
    await execute(database, f"TRUNCATE {', '.join(f'screening.{name}' for name in tables)}")


@pytest_asyncio.fixture
async def room(database: str, keys: Path) -> AsyncIterator[Room]:
    secrets = read_keys(keys)
    await emptied(database)
    pool = await postgres.worker_pool(database, "screening", secrets.database)
    work = UnitOfWork("screening", "screening", subscribers(load("regular-2026")), pool, Cipher(secrets.waiting))
    yield Room(work, pool)
    await pool.close()
