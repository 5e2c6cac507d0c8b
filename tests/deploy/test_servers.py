"""The session's servers are real, and ours."""

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.until import until


async def test_the_sessions_postgres_is_18_and_lets_the_administrator_in(postgres: str) -> None:
    connection = await asyncpg.connect(postgres)
    try:
        assert connection.get_server_version().major == 18
        assert await connection.fetchval("SHOW timezone") == "Asia/Shanghai"
    finally:
        await connection.close()


async def test_what_is_produced_to_the_sessions_kafka_is_consumed(kafka: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic("tests.servers", num_partitions=1, replication_factor=1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True) as producer:
        await producer.send_and_wait("tests.servers", "守望".encode())
    async with AIOKafkaConsumer("tests.servers", bootstrap_servers=kafka, auto_offset_reset="earliest") as consumer:
        record = await consumer.getone()
    assert record.value == "守望".encode()


async def test_until_says_what_it_waited_for() -> None:
    answers = iter([0, 0, 7])
    assert await until(lambda: next(answers)) == 7
    try:
        await until(lambda: 0, timeout=0.05, what="a seventh household")
    except AssertionError as error:
        assert "a seventh household" in str(error)
    else:
        raise AssertionError("did not give up")
