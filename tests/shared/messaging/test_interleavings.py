"""Everything at once, from a seed: twins on the same partition, redelivery, late records, poison, cancels, replays."""

import asyncio
import random
from pathlib import Path

import pytest

from shared import postgres
from shared.crypto import Cipher, read_keys
from shared.messaging.faults import NotFirst, Retry, Unavailable
from shared.messaging.unit_of_work import UnitOfWork
from shared.messaging.waiting import Waiting
from tests.shared.messaging.ledger import fact, house, household
from tests.until import until

KEYS, LENGTH, TWINS = 12, 25, 3


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_happens_every_line_is_applied_once_in_order(
    database: str, keys: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BACKOFF_FIRST_SECONDS", "BACKOFF_MAX_SECONDS"):
        monkeypatch.setattr(f"shared.messaging.unit_of_work.{name}", 0.001)
    chance = random.Random(seed)
    road = await house(database, keys)
    secrets = read_keys(keys)
    pool = await postgres.worker_pool(database, "screening", secrets.database, 8)
    lines = [household(7000 + 100 * seed + n) for n in range(KEYS)]
    log = [(key, number) for number in range(1, LENGTH + 1) for key in lines]
    road.subscriber.broken = {f"{key}:{number}" for key, number in chance.sample(log, 15)}

    def twin() -> UnitOfWork:
        return UnitOfWork("screening", "screening", [road.subscriber], pool, Cipher(secrets.waiting))

    async def read() -> None:
        """A member of the group: batches cut anywhere, now and then set back, swapped, or cut off in the middle."""
        work, at = twin(), 0
        while at < len(log):
            end = at + chance.randint(1, 60)
            batch = log[at:end]
            if chance.random() < 0.3:
                chance.shuffle(batch)
            task = asyncio.create_task(
                work.process([fact(key, n, f"{key}:{n}", offset=lines.index(key) + n * KEYS) for key, n in batch])
            )
            if chance.random() < 0.3:
                await asyncio.sleep(chance.random() * 0.02)
                task.cancel()
            try:
                await task
                at = end if chance.random() < 0.8 else max(0, at - 20)
            except (Retry, asyncio.CancelledError):
                work = twin()

    async def mend() -> None:
        """A person who replays whatever failed, while everything goes on."""
        work = twin()
        while True:
            rows = await pool.fetch("SELECT * FROM waiting WHERE state = 'failed' ORDER BY random() LIMIT 3")
            for row in rows:
                if chance.random() < 0.5:
                    road.subscriber.broken.discard(f"{row['key']}:{row['sequence']}")
                try:
                    await work.replay(Waiting(**{name: row[name] for name in Waiting.__slots__}))
                except (NotFirst, Unavailable):
                    continue
            await asyncio.sleep(0.01)

    mending = asyncio.create_task(mend())
    await asyncio.wait_for(asyncio.gather(*(read() for _ in range(TWINS))), 100)

    async def settled() -> bool:
        return not await pool.fetchval("SELECT count(*) FROM waiting")

    await until(settled, 30, "nothing waits")
    mending.cancel()
    await asyncio.gather(mending, return_exceptions=True)
    for key in lines:
        assert await road.words(key) == [f"{key}:{n}" for n in range(1, LENGTH + 1)]
    for row in await pool.fetch("SELECT * FROM keys WHERE key = ANY ($1)", lines):
        assert (row["applied"][1], row["emitted"][2], row["waiting"]) == (LENGTH, LENGTH, 0)
    sent = await pool.fetch("SELECT key, array_agg(sequence ORDER BY id) AS line FROM outbox GROUP BY key")
    assert all(row["line"] == list(range(1, LENGTH + 1)) for row in sent) and len(sent) == KEYS
    account = await road.account()
    assert account["waiting"] == 0 and account["accepted"] == KEYS * LENGTH
    await pool.close()
    await road.pool.close()
