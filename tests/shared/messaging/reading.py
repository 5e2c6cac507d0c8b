"""Kafka from outside: records published to it, a group that reads it."""

import contextlib
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shared.messaging import kafka as room
from tests.shared.messaging.ledger import House, kept
from tests.until import until


@contextlib.asynccontextmanager
async def reading(
    road: House, kafka: str, topic: str = "data.changed", slot: str | None = "slot-0"
) -> AsyncIterator[room.Consumer]:
    consumer = room.Consumer(road.work, slot, (topic,))
    broker = room.broker(kafka)
    consumer.attach(broker)
    await broker.start()
    try:
        await until(lambda: consumer.has_joined, 20, "joined its group")
        yield consumer
    finally:
        await broker.stop()


async def publish(kafka: str, *records: object, partition: int = 0, topic: str = "data.changed") -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    for one in records:
        whole = kept(one)  # type: ignore[arg-type]
        await producer.send_and_wait(topic, whole.value, headers=whole.headers, partition=partition)
    await producer.stop()


async def start_from_here(road: House, kafka: str, topic: str = "data.changed") -> None:
    """Other tests of this session have written to these topics: begin at their ends."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    parts = [TopicPartition(topic, number) for number in range(6)]
    for part, end in (await consumer.end_offsets(parts)).items():
        await road.pool.execute(
            "INSERT INTO positions (consumer, topic, partition, next_offset) VALUES ($1, $2, $3, $4)",
            road.work.consumer, topic, part.partition, end,
        )  # fmt: skip
    group = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=road.work.consumer, enable_auto_commit=False)
    group.assign(parts)
    await group.start()
    await group.commit({part: end for part, end in (await consumer.end_offsets(parts)).items()})
    await group.stop()
    await consumer.stop()
