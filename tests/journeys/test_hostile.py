"""Hostile bytes at volume on every topic of ours: each waits in its place, nothing is blocked, nobody is lost."""

from uuid import uuid4
from zlib import crc32

import pytest
from aiokafka import AIOKafkaProducer

from shared.contracts.topics import TOPICS
from tests import hostile
from tests.journeys.people import couple, id_number
from tests.journeys.road import Road
from tests.tokens import VILLAGE
from tests.until import until


@pytest.mark.parametrize("topic", [topic.name for topic in TOPICS])
def test_there_are_two_hundred_kinds_for_each_topic(topic: str) -> None:
    assert len(list(hostile.values(topic, 1))) >= hostile.KINDS


async def test_hostile_records_on_every_topic_wait_and_the_road_goes_on(walk: Road) -> None:
    sent = await _publish(walk)
    steward = walk.headers("steward", region="341221")

    async def waiting() -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for name in walk.services:
            for row in (await walk.get(name, "/v1/conservation", steward))["waiting"]:
                where = (name, row["topic"])
                found[where] = found.get(where, 0) + row["records"]
        return found

    expected = {(reader, topic.name): sent[topic.name] for topic in TOPICS for reader in topic.consumers}

    async def all_wait() -> bool:
        return await waiting() == expected

    await until(all_wait, 60, "every hostile record waits, once for each reader")
    await walk.register("H-0091", couple(91))
    await walk.send("medical_insurance", walk.settlement(id_number(91), "9000.00"))
    warning = await walk.warned("H-0091")
    task = await walk.task(warning["household_id"], "village_group", walk.worker)
    await walk.decide(task, walk.worker)
    await walk.task(warning["household_id"], "village_committee", walk.cadre)
    for name, service in walk.services.items():
        assert service.unready() == [], name
        reads = (await walk.get(name, "/v1/conservation", steward))["read"]
        assert all(account["is_equal"] for account in reads), name


async def _publish(walk: Road) -> dict[str, int]:
    """Each under a key of its own, as the first of its line. Returns how many a topic."""
    producer = AIOKafkaProducer(bootstrap_servers=walk.kafka, linger_ms=20)
    await producer.start()
    sent: dict[str, int] = {}
    try:
        for topic in TOPICS:
            for value in hostile.values(topic.name, 1):
                key = str(uuid4())
                headers = {
                    "ce_id": str(uuid4()), "ce_type": "shouwang.hostile.v1", "ce_source": f"/{topic.producer}",
                    "ce_sequence": "000000000001", "ce_partitionkey": key, "ce_region": VILLAGE,
                }  # fmt: skip
                await producer.send(
                    topic.name, value, key=key.encode(), partition=crc32(key.encode()) % 6,
                    headers=[(name, text.encode()) for name, text in headers.items()],
                )  # fmt: skip
                sent[topic.name] = sent.get(topic.name, 0) + 1
    finally:
        await producer.stop()
    return sent
