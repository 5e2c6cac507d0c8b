"""Everything that the ledger reads: each topic from its beginning by a consumer in no group, each service's tables."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.topics import TOPICS
from shared.postgres import SERVICES
from tests.chaos.ledger import Evidence, Said

BY_NUMBER = {topic.number: topic.name for topic in TOPICS}


async def collect(
    bootstrap: str, admin_dsn: str, answers: Sequence[Mapping[str, Any]], held: frozenset[tuple[str, str, int]]
) -> Evidence:
    """Read when everything has come to rest."""
    admin = await asyncpg.connect(admin_dsn)
    try:
        applied: dict[tuple[str, str, str], int] = {}
        emitted: dict[tuple[str, str, str], int] = {}
        waiting: list[tuple[str, str, str, int]] = []
        outbox: dict[str, int] = {}
        is_equal = True
        for service in SERVICES:
            for row in await admin.fetch(f"SELECT key, applied, emitted FROM {service}.keys"):
                applied |= _numbers(service, row["key"], row["applied"])
                emitted |= _numbers(service, row["key"], row["emitted"])
            for row in await admin.fetch(f"SELECT topic, key, sequence FROM {service}.waiting"):
                waiting.append((service, row["topic"], row["key"], row["sequence"]))
            outbox[service] = await admin.fetchval(f"SELECT count(*) FROM {service}.outbox")
            is_equal &= not await admin.fetchval(
                f"SELECT EXISTS (SELECT 1 FROM {service}.positions"
                " WHERE received <> accepted + duplicates + rejected + parked + waiting)"
            )
    finally:
        await admin.close()
    return Evidence(
        said=[said for topic in TOPICS for said in await whole(bootstrap, topic.name)],
        applied=applied,
        emitted=emitted,
        waiting=waiting,
        outbox=outbox,
        consumers={topic.name: topic.consumers for topic in TOPICS},
        producers={topic.name: topic.producer for topic in TOPICS},
        answers=answers,
        accounts_are_equal=is_equal,
        held=held,
    )


def _numbers(service: str, key: str, numbers: Sequence[int]) -> dict[tuple[str, str, str], int]:
    return {(service, BY_NUMBER[n], key): value for n, value in enumerate(numbers, 1) if value}


async def whole(bootstrap: str, topic: str) -> list[Said]:
    """A topic's log, but for the records that the tester himself planted (they have no place in line)."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(6)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, 0)
        found: list[Said] = []
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += [said for one in records if (said := _said(topic, one)) is not None]
        return found
    finally:
        await consumer.stop()


def _said(topic: str, one: Any) -> Said | None:
    head = {name: raw.decode("utf-8", "replace") for name, raw in one.headers}
    if "ce_planted" in head:
        return None
    data = json.loads(one.value)["data"]
    return Said(
        topic, one.partition, one.offset, head["ce_partitionkey"], int(head["ce_sequence"]), head["ce_id"],
        head["ce_type"], hashlib.sha256(one.value).hexdigest(), data,
    )  # fmt: skip
