"""Canary names, numbers and phones walk the whole road, and fail on it too; nothing of them stands in the clear."""

import base64
import io
import json
from collections.abc import Iterator
from functools import cache

import asyncpg
import httpx
import pytest
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
    """Which words stand in a text, plain, as JSON escapes, as GBK bytes shown as text, or within base64 of either."""
    return [word for word in words if any(form in text for form in forms(word))]


@cache
def forms(word: str) -> tuple[str, ...]:
    gbk = word.encode("gbk", "replace")
    packed = [part for raw in (word.encode(), gbk) for part in within_base64(raw)]
    return word, json.dumps(word)[1:-1], gbk.decode("latin-1"), *packed


def within_base64(raw: bytes) -> Iterator[str]:
    """What a longer text holds of these bytes in base64, wherever in a group of three they begin, in both alphabets."""
    for before in range(3):
        packed = base64.b64encode(b"\0" * before + raw)
        whole = packed[(0, 2, 3)[before] : len(packed) - (0, 3, 2)[(before + len(raw)) % 3]].decode()
        yield whole
        yield whole.translate(str.maketrans("+/", "-_"))


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


@pytest.mark.parametrize("word", [*CANARY_WORDS, id_number(21)])
def test_the_search_finds_a_canary_in_base64_wherever_it_begins(word: str) -> None:
    for before in ("", "n", "na", "name", '{"name": "'):
        for encoding in ("utf-8", "gbk"):
            whole = f"{before}{word}, 3".encode(encoding)
            for packed in (
                base64.b64encode(whole),
                base64.urlsafe_b64encode(whole),
                base64.b64encode(whole).rstrip(b"="),
            ):
                assert traces(f"x {packed.decode()} y", [word]) == [word]
    assert traces(base64.b64encode("守望相助的人们".encode()).decode(), [word]) == []
