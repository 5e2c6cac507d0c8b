"""A relay at work, and what it has sent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared import postgres
from shared.crypto import read_keys
from shared.messaging.relay import Relay
from tests.shared.messaging.ledger import House
from tests.until import until


def relay_of(road: House, kafka: str, instance: str = "screening-0") -> Relay:
    secrets = read_keys(road.keys)
    return Relay(
        "screening", instance, kafka, lambda: postgres.worker_connection(road.dsn, "screening", secrets.database)
    )


@contextlib.asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[Relay]:
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def sent(kafka: str, topic: str = "warning.raised") -> list[tuple[str, int]]:
    """Every (key, sequence) on a topic, partition after partition, in offset order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        parts = [TopicPartition(topic, p) for p in sorted(await _partitions(consumer, topic))]
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        found = []
        for part in parts:
            consumer.seek(part, 0)
        while any([await consumer.position(part) < ends[part] for part in parts]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [(r.key.decode(), int(dict(r.headers)["ce_sequence"])) for r in records]
        return found
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.force_metadata_update()
    consumer._client.add_topic(topic)
    return await until(lambda: consumer.partitions_for_topic(topic), 10, "metadata") or set()


async def outbox(road: House) -> int:
    return int(await road.pool.fetchval("SELECT count(*) FROM outbox"))
