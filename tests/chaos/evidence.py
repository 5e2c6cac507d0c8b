"""Everything that the ledger reads: each topic from its beginning by a consumer in no group, each service's tables."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.topics import TOPICS
from shared.postgres import SERVICES
from tests.chaos.journey import Road
from tests.chaos.ledger import Evidence, Said
from tests.chaos.officers import Attempt
from tests.chaos.reports import Filed

BY_NUMBER = {topic.number: topic.name for topic in TOPICS}


async def collect(
    bootstrap: str,
    admin_dsn: str,
    answers: Sequence[Mapping[str, Any]],
    held: frozenset[tuple[str, str, int]],
    road: Road | None,
    judged_until: Mapping[str, int] | None,
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
        judged_until=judged_until,
        road=road,
    )


async def numbers(admin_dsn: str, service: str, topic: str) -> dict[str, int]:
    """Key → how far a service has numbered a topic at this moment."""
    admin = await asyncpg.connect(admin_dsn)
    try:
        rows = await admin.fetch(f"SELECT key, emitted FROM {service}.keys")
    finally:
        await admin.close()
    found = [_numbers(service, row["key"], row["emitted"]) for row in rows]
    return {key: number for one in found for (_, name, key), number in one.items() if name == topic}


async def travelled(
    admin_dsn: str, attempts: Sequence[Attempt], filed: Sequence[Filed], complaints: Sequence[str]
) -> Road:
    """Workflow's own tables, beside what the tester's people did."""
    admin = await asyncpg.connect(admin_dsn)
    try:
        rows = {table: await admin.fetch(f"SELECT * FROM workflow.{table}") for table in TABLES}
        supervised = await admin.fetch("SELECT place_id FROM workflow.supervisions")
        never_heard = await admin.fetch(NEVER_HEARD)
        return Road(
            now=await admin.fetchval("SELECT civil.now()"),
            **{table: [_plain(row) for row in found] for table, found in rows.items()},
            supervised=[str(row["place_id"]) for row in supervised],
            attempts=[(one.task_id, one.version, one.action, one.status) for one in attempts],
            filed=[(one.cause, one.household_no, one.level, one.clue_id) for one in filed],
            complaints=complaints,
            never_heard=frozenset(str(row["task_id"]) for row in never_heard),
        )
    finally:
        await admin.close()


NEVER_HEARD = """
SELECT task_id FROM notify.occasions o WHERE step = 'arrived' AND state = 'ended' AND tries > 0
    AND EXISTS (SELECT 1 FROM workflow.tasks t WHERE t.task_id = o.task_id AND t.state <> 'open')
    AND EXISTS (SELECT 1 FROM chaos.held h WHERE h.topic = 'officer.assigned')
"""
TABLES = ("cases", "places", "tasks", "deadlines", "decisions")


def _plain(row: asyncpg.Record) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, UUID) else value for name, value in row.items()}


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
