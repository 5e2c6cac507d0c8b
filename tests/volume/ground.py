"""What every volume program stands on: its figure, an emptied house, a topic read raw, times in order."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared.postgres import SERVICES
from tests.benchmarks.clockwork import quantile
from tests.house import House
from tests.topics import renew

KEPT = ("migrations", "relay")
READ_AT_ONCE = 5_000


@dataclass(frozen=True)
class Figure:
    """One row of docs/reliability.md: counts that must be nought, and what was measured beside them."""

    row: str
    what: str
    goal: str
    seed: int
    wrong: Mapping[str, int]
    said: Sequence[str] = field(default=())

    @property
    def is_right(self) -> bool:
        return not any(self.wrong.values())

    def line(self) -> str:
        counts = ", ".join(f"{name} {number:,}" for name, number in self.wrong.items())
        return f"{self.row}: {self.what}: {'; '.join([counts, *self.said])} (goal: {self.goal}; seed {self.seed})"


async def emptied(house: House) -> None:
    """Every table and every topic as on the first day. No service may run."""
    admin = await asyncpg.connect(house.postgres.dsn)
    for schema in SERVICES:
        rows = await admin.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename <> ALL ($2)", schema, list(KEPT)
        )
        names = ", ".join(f'{schema}."{row["tablename"]}"' for row in rows)
        await admin.execute(f"TRUNCATE {names} CASCADE")
        await admin.execute(
            f"UPDATE {schema}.relay SET until = '-infinity', token = 0, instance = '', incarnation = ''"
        )
    await admin.close()
    await renew(house.kafka.bootstrap)


async def whole(bootstrap: str, topic: str) -> AsyncIterator["ConsumerRecord[bytes, bytes]"]:
    """Every record of a topic up to its present end, partition after partition, each in its own order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, max_poll_records=READ_AT_ONCE)
    await consumer.start()
    try:
        parts = [TopicPartition(topic, number) for number in range(6)]
        ends = await consumer.end_offsets(parts)
        for part in parts:
            consumer.assign([part])
            consumer.seek(part, 0)
            while await consumer.position(part) < ends[part]:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    for record in records:
                        yield record
    finally:
        await consumer.stop()


async def ends(bootstrap: str, topic: str) -> int:
    """How many records a topic holds."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        found = await consumer.end_offsets([TopicPartition(topic, number) for number in range(6)])
        return sum(found.values())
    finally:
        await consumer.stop()


def milliseconds(seconds: Sequence[float], *parts: float) -> str:
    """Quantiles in words: `p50 1.2 ms, p99 9.8 ms`."""
    ordered = sorted(seconds)
    return ", ".join(f"p{part * 100:g} {quantile(ordered, part) * 1000:.1f} ms" for part in parts)


def p99(seconds: Sequence[float]) -> float:
    return quantile(sorted(seconds), 0.99)
