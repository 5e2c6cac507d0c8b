"""The raw ceiling of screening: the same reads, rows, bytes and commits on the same servers, nothing decided.

What screening would write of each change is worked out beforehand, by the product's own functions, and lies in memory
by its place in the topic. `python -m tests.benchmarks.ceiling FILE READY` then reads Kafka in batches of up to 1,000
and decodes nothing; for each it locks the key rows, writes facts, warnings, outbox, key rows and positions in one
transaction, commits it, and commits the offsets. The product's relay sends and deletes the outbox beside it, as in the
service.
"""

import asyncio
import contextlib
import gc
import pickle
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import asyncpg
import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener

from services.screening import warning
from services.screening.facts import pruned, replaced
from services.screening.household import EMPTY, Digest, pack
from services.screening.judging import day_of, judged
from services.screening.subscribers import data_changed
from services.screening.subscribers.household_registered import known_of
from shared import postgres
from shared.clock import machine_now
from shared.contracts.household import HouseholdRegistered
from shared.contracts.topics import TOPIC
from shared.crypto import read_keys
from shared.messaging import finish, kafka, keys, outbox, positions
from shared.messaging.positions import Step
from shared.messaging.relay import Relay
from shared.messaging.room import Decision, Unit
from shared.policy import load
from shared.settings import Settings
from tests.benchmarks.changes import Lying, changes, households

CONSUMER, CHANGES = "screening", "data.changed"
NO_FACTS = outbox.fact_columns([])


class Write(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one change leads to, column by column; empty where it raises nothing."""

    key: str
    fact: tuple[Any, ...]
    warning: tuple[Any, ...]
    fact_out: tuple[Any, ...]
    applied: str
    emitted: str
    digest: bytes


# ── beforehand ──────────────────────────────────────────────────────────────────────────────────────────────────────


class _Columns:
    """Stands for a connection: keeps the columns that would have been written."""

    def __init__(self) -> None:
        self.row: tuple[Any, ...] = ()

    async def execute(self, sql: str, *columns: Sequence[Any]) -> None:
        self.row = tuple(column[0] for column in columns)


@lru_cache(maxsize=1)
def prepared(count: int, of: int, seed: int) -> bytes:
    """Every change's writes, pickled by partition in the order of their offsets."""
    now = machine_now()
    records, _ = changes(count, of, seed, now)
    return pickle.dumps(asyncio.run(_worked_out(records, of, now)))


async def _worked_out(records: Iterable[Lying], of: int, now: datetime) -> dict[int, list[Write]]:
    policy = load(Settings.from_environment(CONSUMER, {}).policy)
    digests = dict(known(of))
    rows: dict[str, keys.KeyRow] = {}
    found: dict[int, list[Write]] = {}
    for lying in records:
        event: Any = TOPIC[CHANGES].event.model_validate_json(lying.value)
        key = event.partitionkey
        digest = digests[key]
        facts = pruned(replaced(digest.facts, event.data), event.data.department, day_of(now))
        decision = judged(msgspec.structs.replace(digest, facts=facts), key, event, policy, now)
        digests[key] = decision.puts["digest", key]
        row = rows.setdefault(key, keys.KeyRow(key, [1], [], 0, None, None))
        row.apply(CHANGES, int(event.sequence))
        found.setdefault(lying.partition, []).append(await _write(event, decision, row, now))
    return found


async def _write(event: Any, decision: Decision, row: keys.KeyRow, now: datetime) -> Write:
    fact, warned = _Columns(), _Columns()
    unit = Unit(cast(asyncpg.Connection, fact), now, {}, {})
    await data_changed._append(unit, [event])
    rows = [one for one in decision.rows if isinstance(one, warning.Row)]
    await warning.write(cast(asyncpg.Connection, warned), rows)
    made = outbox.rows(CONSUMER, decision.emits, {row.key: row}, now)
    out = tuple(column[0] for column in outbox.fact_columns(made)) if made else ()
    literals = keys._literal(row.applied), keys._literal(row.emitted)
    return Write(row.key, fact.row, warned.row, out, *literals, decision.digests[row.key])


def known(of: int) -> Iterable[tuple[str, Digest]]:
    """The households' digests as screening holds them after the register's word."""
    for lying in households(of):
        event = HouseholdRegistered.model_validate_json(lying.value)
        yield event.partitionkey, msgspec.structs.replace(EMPTY, known=known_of(event))


async def register(admin: asyncpg.Connection, of: int) -> None:
    """Their key rows, as they stand when the first change comes."""
    rows = [(key, [1], pack(digest)) for key, digest in known(of)]
    await admin.executemany("INSERT INTO screening.keys (key, applied, digest) VALUES ($1, $2, $3)", rows)


# ── the process that is measured ────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Joined(ConsumerRebalanceListener):  # type: ignore[misc]
    ready: Path
    times: int = field(default=0)

    async def on_partitions_revoked(self, revoked: Any) -> None:
        return None

    async def on_partitions_assigned(self, assigned: Any) -> None:
        self.ready.write_text(str(len(assigned)))


async def main(writes: Path, ready: Path) -> None:
    settings = Settings.from_environment(CONSUMER)
    database = read_keys(settings.keys).database
    by_partition: dict[int, list[Write]] = pickle.loads(writes.read_bytes())
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    pool = await postgres.worker_pool(settings.postgres, CONSUMER, database)
    relay = Relay(
        CONSUMER, settings.instance, settings.kafka,
        lambda: postgres.worker_connection(settings.postgres, CONSUMER, database),
    )  # fmt: skip
    sending = asyncio.create_task(relay.run())
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka, group_id=CONSUMER, auto_offset_reset="earliest", enable_auto_commit=False,
        isolation_level="read_committed", fetch_min_bytes=kafka.FETCH_MIN_BYTES,
        fetch_max_wait_ms=kafka.FETCH_MAX_WAIT_MS, session_timeout_ms=kafka.SESSION_TIMEOUT_MS,
    )  # fmt: skip
    consumer.subscribe([CHANGES], listener=_Joined(ready))
    await consumer.start()
    try:
        while True:
            got = await consumer.getmany(timeout_ms=kafka.FETCH_MAX_WAIT_MS, max_records=kafka.BATCH_MAX)
            batch = [by_partition[part.partition][one.offset] for part, records in got.items() for one in records]
            if not batch:
                continue
            steps = [
                Step(CHANGES, part.partition, records[-1].offset + 1, {"accepted": len(records)})
                for part, records in sorted(got.items())
            ]
            async with postgres.session(pool) as connection, connection.transaction():
                await write(connection, batch, steps)
            relay.wake()
            await consumer.commit()
    finally:
        sending.cancel()
        await consumer.stop()


async def write(connection: asyncpg.Connection, batch: Sequence[Write], steps: Sequence[Step]) -> None:
    """One transaction's reads and writes, in the unit of work's order."""
    last = {one.key: one for one in batch}
    await connection.fetch(keys.SQL.lock, sorted(last))
    await connection.execute(data_changed.SQL.append, *_turned([one.fact for one in batch]))
    if warned := {one.warning[0]: one.warning for one in batch if one.warning}:
        await connection.execute(warning.SQL.write, *_turned(list(warned.values())))
    out = [one.fact_out for one in batch if one.fact_out]
    ends = list(last.values())
    await connection.fetch(
        finish.SQL.finish, *(_turned(out) or NO_FACTS), list(last), [one.applied for one in ends],
        [one.emitted for one in ends], [0] * len(ends), [one.digest for one in ends],
        CONSUMER, *positions.step_columns(steps),
    )  # fmt: skip
    if out:
        await connection.execute("SELECT pg_notify($1, '')", f"outbox_{CONSUMER}")


def _turned(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True))


if __name__ == "__main__":
    import uvloop

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
