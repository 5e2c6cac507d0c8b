"""Canary names, numbers and phones walk the whole road, and fail on it too; nothing of them stands in the clear."""

import io
import json

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.topics import TOPICS
from shared.postgres import SERVICES
from tests.journeys.people import CANARY_WORDS, couple, id_number
from tests.journeys.road import Road
from tests.until import until


def canaries(*serials: int) -> list[str]:
    numbers = [id_number(serial + more) for serial in serials for more in (0, 500)]
    return [*CANARY_WORDS, *numbers]


def traces(text: str, words: list[str]) -> list[str]:
    """Which words stand in a text, plain or as JSON escapes, or GBK bytes shown as text."""
    return [
        word
        for word in words
        if word in text or json.dumps(word)[1:-1] in text or word.encode("gbk", "replace").decode("latin-1") in text
    ]


async def test_no_canary_stands_in_a_log_a_topic_a_metric_or_a_table_but_the_vault(
    walk: Road, log: io.StringIO, database: str
) -> None:
    words = canaries(21)
    await walk.register("H-0021", couple(21))
    await walk.send("medical_insurance", walk.settlement(id_number(21), "9999.00"))
    broken = walk.settlement(id_number(21), "many")
    await walk.send("medical_insurance", broken)
    await walk.stream("medical_insurance", walk.settlement(id_number(21), "1E+400000"))
    await walk.clients["intake"].post(
        "/v1/departments/medical_insurance/records",
        content=f'{{"subject": {{"id_no": "{id_number(21)}", "name": "{words[0]}"'.encode(),
        headers=walk.department("medical_insurance"),
    )
    warning = await walk.warned("H-0021")
    task = await walk.task(warning["household_id"], "village_group", walk.worker)
    await walk.decide(task, walk.worker)
    await walk.task(warning["household_id"], "village_committee", walk.cadre)

    assert traces(log.getvalue(), words) == []
    assert "unit.committed" in log.getvalue(), "the log was heard at all"
    for topic in TOPICS:
        assert traces(await whole_topic(walk.kafka, topic.name), words) == [], topic.name
    async with httpx.AsyncClient() as client:
        for service in walk.services.values():
            assert traces((await client.get(f"{service.url}/metrics")).text, words) == []
    admin = await asyncpg.connect(database)
    for schema in SERVICES:
        for table in await tables(admin, schema):
            rows = await admin.fetch(f'SELECT t::text AS row FROM {schema}."{table}" t')
            assert traces("\n".join(row["row"] for row in rows), words) == [], f"{schema}.{table}"
    await admin.close()


async def tables(admin: asyncpg.Connection, schema: str) -> list[str]:
    rows = await admin.fetch("SELECT table_name FROM information_schema.tables WHERE table_schema = $1", schema)
    return [row["table_name"] for row in rows if row["table_name"] != "unprotected"]


async def whole_topic(kafka: str, topic: str) -> str:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    await consumer.start()
    parts = [TopicPartition(topic, number) for number in range(6)]
    consumer.assign(parts)
    ends = await consumer.end_offsets(parts)
    text: list[str] = []
    for part in parts:
        consumer.seek(part, 0)

    async def is_read() -> bool:
        for records in (await consumer.getmany(timeout_ms=100)).values():
            text.extend(f"{r.key!r} {r.headers!r} {(r.value or b'').decode('utf-8', 'replace')}" for r in records)
        return all([await consumer.position(part) >= ends[part] for part in parts])

    await until(is_read, 20, f"{topic} read whole")
    await consumer.stop()
    return "\n".join(text)


def test_the_search_finds_a_canary_in_each_of_its_forms() -> None:
    word = CANARY_WORDS[0]
    for text in (word, json.dumps({"name": word}), word.encode("gbk").decode("latin-1")):
        assert traces(f"… {text} …", [word]) == [word]
