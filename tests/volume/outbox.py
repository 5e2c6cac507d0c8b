"""The outbox at a million rows: many writers that commit in another order than they number, and a reader that idles."""

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import TypeVar
from uuid import UUID

import asyncpg

from shared import postgres
from shared.contracts.data import Cover, Fact
from shared.contracts.envelope import event_id
from shared.crypto import read_keys
from shared.messaging import keys, outbox
from shared.messaging.finish import finish
from shared.messaging.relay import ROWS_MAX, SQL, Relay, Row
from shared.messaging.room import Emit
from tests.house import House
from tests.shared.messaging.ledger import NOW, REGION, household
from tests.shared.messaging.relaying import running
from tests.until import until
from tests.volume.ground import Figure, emptied, milliseconds, whole

TOPIC = "warning.raised"
WRITERS = 64
DELAY_SECONDS = 5.0
"""A transaction that has numbered its facts commits at a random instant within so long."""
ROWS, OWN_KEYS, SHARED_KEYS = 250, 24, 500
"""Facts of one transaction, over so many keys of its writer's own and one that it shares with all."""
ROLLED_BACK = 0.03
SETTLE_SECONDS = 1200
FILLED_AT_ONCE = 50_000
EXPLAIN, SERVED = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ", 10
"""Every so many claims the server is asked what it spends on one."""


# ── R18: nothing is passed over ─────────────────────────────────────────────────────────────────────────────────────


async def gaps(
    house: House, rows: int, seed: int, delay: float = DELAY_SECONDS, patience: float = SETTLE_SECONDS
) -> Figure:
    """`rows` facts by 64 writers while the relay sends; then the whole topic against what was committed.

    After `patience` seconds what is not sent counts as missed.
    """
    await emptied(house)
    writing = Writing(house, seed, delay, transactions=max(WRITERS, rows // ROWS))
    began = time.monotonic()
    async with running(relay_of(house, Relay)) as relay:
        await asyncio.gather(*(writing.write(number) for number in range(WRITERS)))
        written = time.monotonic() - began
        with contextlib.suppress(AssertionError):  # what is missed is counted below
            await until(lambda: relay.sent >= writing.committed_rows, patience, "everything sent")
    seconds = time.monotonic() - began
    found = await sent(house, writing.numbers)
    return Figure(
        "R18", f"{writing.committed_rows:,} outbox rows of {WRITERS} writers, each committing within {delay:g} s",
        "1,000,000 rows, none missed", seed, found,
        (
            f"{writing.overtaken:,} of {writing.committed:,} transactions committed behind one that was numbered later",
            f"{writing.rolled_back:,} rolled back",
            f"written in {written:.0f} s, sent {seconds - written:.1f} s after",
        ),
    )  # fmt: skip


@dataclass
class Writing:
    """All writers' work: what they committed, and how often one came in behind another that was numbered later."""

    house: House
    seed: int
    delay: float
    transactions: int
    numbers: Counter[str] = field(default_factory=Counter)
    begun: int = 0
    committed: int = 0
    committed_rows: int = 0
    overtaken: int = 0
    rolled_back: int = 0
    last_id: int = 0

    async def write(self, writer: int) -> None:
        chance = random.Random(f"{self.seed}:{writer}")
        own = [household(1_000_000 + writer * 1000 + number) for number in range(400)]
        connection = await worker(self.house)
        await connection.execute("SET lock_timeout = '60s'; SET statement_timeout = '60s'")
        while self.begun - self.rolled_back < self.transactions:
            self.begun += 1
            chosen = [*chance.sample(own, OWN_KEYS), household(chance.randrange(SHARED_KEYS))]
            await self._transact(connection, chosen, chance)
        await connection.close()

    async def _transact(self, connection: asyncpg.Connection, chosen: Sequence[str], chance: random.Random) -> None:
        """As the unit of work does it: lock, number, write, commit; with a pause before the commit."""
        transaction = connection.transaction()
        await transaction.start()
        rows, now = await keys.lock(connection, chosen)
        lines = [chance.choice(chosen) for _ in range(ROWS)]
        made = outbox.rows("screening", [_emit(key) for key in lines], rows, now)
        await finish(connection, "screening", made, rows.values())
        id_ = await connection.fetchval("SELECT currval('outbox_id_seq')")
        await connection.execute("SELECT pg_notify('outbox_screening', '')")
        await asyncio.sleep(chance.random() * self.delay)
        if chance.random() < ROLLED_BACK:
            await transaction.rollback()
            self.rolled_back += 1
            return
        await transaction.commit()
        self.committed += 1
        self.committed_rows += ROWS
        self.numbers.update(lines)
        self.overtaken += id_ < self.last_id
        self.last_id = max(self.last_id, id_)


FACT = Fact(
    department="medical_insurance", kind="cover", record_id="r", version=1, household_id=UUID(household(0)),
    occurred_on=date(2026, 11, 1), known_at=NOW, values=Cover(status="insured", year=2026),
)  # fmt: skip
_serial = count()


def _emit(key: str) -> Emit:
    return Emit(TOPIC, "shouwang.warning.raised.v1", key, event_id("volume", str(next(_serial))), REGION, FACT)


async def sent(house: House, numbers: Counter[str]) -> dict[str, int]:
    """What the topic holds, against how many of each key were committed: their numbers run from 1 without a gap."""
    seen: Counter[str] = Counter()
    reordered = doubled = 0
    async for record in whole(house.kafka.bootstrap, TOPIC):
        key = (record.key or b"").decode()
        number = int(dict(record.headers)["ce_sequence"])
        doubled += number <= seen[key]
        reordered += number > seen[key] + 1
        seen[key] = max(seen[key], number)
    missed = sum(max(0, wanted - seen[key]) for key, wanted in numbers.items())
    ghosts = sum(max(0, there - numbers[key]) for key, there in seen.items())
    return {"missed": missed, "doubled": doubled, "reordered": reordered, "ghosts": ghosts}


# ── R19: a reader that idles ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Timed(Relay):
    """The relay, with the time of each claim; and now and then the server's part of it, without the rows' way."""

    claims: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)

    async def _select(self) -> list[Row]:
        if len(self.claims) % SERVED == 0 and self._connection is not None:
            told = await self._connection.fetchval(EXPLAIN + SQL.select, ROWS_MAX, self._floor.id)
            self.served.append(json.loads(told)[0]["Execution Time"] / 1000)
        began = time.perf_counter()
        rows = await super(Timed, self)._select()
        if rows:
            self.claims.append(time.perf_counter() - began)
        return rows


async def idle(house: House, rows: int, seed: int) -> Figure:
    """Sends `rows` facts beside a transaction that was open before them and stays so; then the same without it."""
    beside, dead, minutes, left = await _claimed(house, rows, is_idle=True)
    alone, _, _, left_alone = await _claimed(house, rows, is_idle=False)
    claims, served = beside.claims, beside.served
    return Figure(
        "R19", f"{rows:,} outbox rows sent beside a transaction that idles ({minutes:.1f} minutes)",
        "claim p99 ≤ 20 ms", seed, {"left": left + left_alone},
        (
            f"claim of {len(claims):,} times {ROWS_MAX:,} rows {milliseconds(claims, 0.5, 0.99, 1)}",
            f"without it {milliseconds(alone.claims, 0.5, 0.99, 1)}",
            f"of {len(served)} the server's part {milliseconds(served, 0.5, 0.9, 1)}",
            f"without it {milliseconds(alone.served, 0.5, 0.9, 1)}",
            f"{dead:,} dead rows at the end",
        ),
    )  # fmt: skip


async def _claimed(house: House, rows: int, *, is_idle: bool) -> tuple[Timed, int, float, int]:
    """The relay, dead rows that could not be cleared away, minutes that it idled, and rows left over."""
    await emptied(house)
    admin = await asyncpg.connect(house.postgres.dsn)
    began = time.monotonic()
    async with _open_transaction(house) if is_idle else contextlib.nullcontext():
        await _fill(admin, rows)
        relay = relay_of(house, Timed)
        async with running(relay):
            await until(lambda: relay.sent >= rows, SETTLE_SECONDS, "everything sent")
        minutes = (time.monotonic() - began) / 60
        await admin.execute("VACUUM (ANALYZE) screening.outbox")
        dead = await admin.fetchval(
            "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = 'screening.outbox'::regclass"
        )
    left = await admin.fetchval("SELECT count(*) FROM screening.outbox")
    await admin.close()
    return relay, int(dead), minutes, int(left)


@contextlib.asynccontextmanager
async def _open_transaction(house: House) -> AsyncIterator[None]:
    """A person's psql: the services' own sessions are ended when they idle for ten seconds."""
    connection = await asyncpg.connect(house.postgres.dsn)
    transaction = connection.transaction(isolation="repeatable_read", readonly=True)
    await transaction.start()
    await connection.fetchval("SELECT count(*) FROM screening.outbox")
    try:
        yield
    finally:
        await transaction.rollback()
        await connection.close()


async def _fill(admin: asyncpg.Connection, rows: int) -> None:
    value = outbox.serialise(_emit(household(0)), "/screening", 1, NOW)
    for start in range(0, rows, FILLED_AT_ONCE):
        await admin.execute(
            "INSERT INTO screening.outbox (topic, key, sequence, event_id, type, source, region, value) "
            "SELECT $1, 'k-' || n % 5000, n / 5000 + 1, gen_random_uuid(), 'shouwang.warning.raised.v1', '/screening', "
            "$2, $3 FROM generate_series($4::int, $5::int) n",
            TOPIC, REGION, value, start, min(rows, start + FILLED_AT_ONCE) - 1,
        )  # fmt: skip
    await admin.execute("ANALYZE screening.outbox")


# ── shared ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def worker(house: House) -> asyncpg.Connection:
    return await postgres.worker_connection(house.postgres.dsn, "screening", read_keys(house.keys).database)


SomeRelay = TypeVar("SomeRelay", bound=Relay)


def relay_of(house: House, kind: type[SomeRelay]) -> SomeRelay:
    return kind("screening", "screening-0", house.kafka.bootstrap, lambda: worker(house))
