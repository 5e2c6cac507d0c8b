"""A small service for tests of the unit of work: it writes down, in order, every fact that it applied.

It lives in screening's schema with a table of its own; its decisions are told by the household's masked name, so that
a test says in the record itself what shall happen to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid5

import asyncpg

from shared import postgres
from shared.contracts.data import Cover, DataChanged, Fact
from shared.contracts.envelope import event_id
from shared.crypto import Cipher, read_keys
from shared.messaging import record
from shared.messaging.outbox import serialise
from shared.messaging.room import Decided, Decision, Emit, Input, Kept, Keyed, Place, State, Unit
from shared.messaging.unit_of_work import UnitOfWork
from shared.messaging.waiting import Waiting

SPACE = UUID("6f1e4f6e-0d0a-4a57-8f57-3a1c3a5f0001")
REGION = "341221102201"
NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)

TABLE = """
CREATE TABLE IF NOT EXISTS screening.ledger (
    place bigint GENERATED ALWAYS AS IDENTITY, topic text NOT NULL, key text NOT NULL, sequence bigint NOT NULL,
    word text NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS ledger_once ON screening.ledger (word) WHERE word LIKE 'once-%';
GRANT SELECT, INSERT, DELETE ON screening.ledger TO screening_worker, screening_api;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA screening TO screening_worker, screening_api;
"""


@dataclass
class Ledger(Keyed):
    """`broken` are record ids that fail in `decide`; what a record's id begins with says how it fails in SQL."""

    topic: str = "data.changed"
    broken: set[str] = field(default_factory=set)
    emits: bool = True

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        return {"loaded": len(inputs)}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        event = input.body
        if event.data.record_id in self.broken:
            raise RuntimeError("planted")
        emits = [self._emit(event, input.key)] if self.emits else []
        return Decision(puts={("seen", input.key): event.id}, emits=emits)

    def _emit(self, event: DataChanged, key: str) -> Emit:
        return Emit(
            "warning.raised", "shouwang.warning.raised.v1", key, event_id(str(event.id), "warning"), REGION, event.data,
            correlation_id=event.correlationid, causation_id=event.id,
        )  # fmt: skip

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await unit.connection.execute(
            "INSERT INTO ledger (topic, key, sequence, word) "
            "SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])",
            [one.input.topic for one in decided],
            [one.input.key for one in decided],
            [one.input.sequence or 0 for one in decided],
            [one.input.body.data.record_id for one in decided],
        )


def household(number: int) -> str:
    return str(uuid5(SPACE, str(number)))


def fact(
    key: str,
    sequence: int,
    record_id: str = "",
    *,
    value: bytes | None = None,
    head: dict[str, str] | None = None,
    partition: int = 0,
    offset: int | None = None,
    topic: str = "data.changed",
) -> Input:
    """A record of data.changed as it comes from Kafka. `value` and `head` replace its body and some headers."""
    word = record_id or f"r-{sequence}"
    data = Fact(
        department="medical_insurance", kind="cover", record_id=word, version=1, household_id=UUID(key),
        occurred_on=date(2026, 11, 1), known_at=NOW, values=Cover(status="insured", year=2026),
    )  # fmt: skip
    emit = Emit(topic, "shouwang.data.changed.v1", key, event_id("test", word, key, sequence), REGION, data)
    body = serialise(emit, "/intake", sequence, NOW) if value is None else value
    headers = {
        "ce_id": str(emit.id), "ce_type": emit.type, "ce_source": "/intake", "ce_sequence": f"{sequence:012d}",
        "ce_partitionkey": key, "ce_region": REGION,
    } | (head or {})  # fmt: skip
    at = Place(topic, partition, sequence if offset is None else offset)
    return record.read(
        at.topic, at.partition, at.offset, [(k, v.encode()) for k, v in headers.items()], body, record.Read()
    )


@dataclass
class House:
    """A unit of work over a database, and what a test asks of it."""

    dsn: str
    pool: asyncpg.Pool
    work: UnitOfWork
    subscriber: Ledger
    keys: Path

    async def words(self, key: str | None = None) -> list[str]:
        rows = await self.pool.fetch("SELECT word FROM ledger WHERE $1::text IS NULL OR key = $1 ORDER BY place", key)
        return [row["word"] for row in rows]

    async def waiting(self) -> list[tuple[str, int, str, str | None]]:
        rows = await self.pool.fetch("SELECT key, sequence, state, cause FROM waiting ORDER BY key, sequence")
        return [(row["key"], row["sequence"], row["state"], row["cause"]) for row in rows]

    async def row(self, key: str) -> asyncpg.Record:
        row = await self.pool.fetchrow("SELECT * FROM keys WHERE key = $1", key)
        assert row is not None
        return row

    async def account(self) -> dict[str, int]:
        rows = await self.pool.fetch("SELECT * FROM positions")
        names = ("received", "accepted", "duplicates", "rejected", "parked", "waiting")
        return {name: sum(row[name] for row in rows) for name in names}


async def house(dsn: str, keys: Path, **how: object) -> House:
    admin = await asyncpg.connect(dsn)
    await admin.execute(TABLE)
    await admin.execute(
        "TRUNCATE screening.ledger, screening.keys, screening.outbox, screening.waiting, screening.positions"
    )
    await admin.close()
    secrets = read_keys(keys)
    pool = await postgres.worker_pool(dsn, "screening", secrets.database)
    subscriber = Ledger(**how)  # type: ignore[arg-type]
    work = UnitOfWork("screening", "screening", [subscriber], pool, Cipher(secrets.waiting))
    return House(dsn, pool, work, subscriber, keys)


def kept(input: Input) -> Kept:
    assert input.record is not None
    return input.record


async def first_waiting(road: House) -> Waiting:
    [row, *_] = await road.pool.fetch("SELECT * FROM waiting ORDER BY key, sequence")
    return Waiting(**{name: row[name] for name in Waiting.__slots__})
