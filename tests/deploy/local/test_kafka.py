"""The embedded broker: ours or refused, never twice on one folder, and nothing lost by a kill -9."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.kafka import Kafka, escaped
from deploy.trouble import Trouble
from tests import servers

TOPIC = "tests.kept"


@pytest.fixture(scope="module")
def broker() -> Iterator[Kafka]:
    with servers.folder("chaos") as place:
        made = Kafka(place / "守望 é 数据" / "kafka")
        made.start()
        yield made
        made.kill()


async def produce(broker: Kafka, texts: list[str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    if TOPIC not in await admin.list_topics():
        await admin.create_topics([NewTopic(TOPIC, 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap, enable_idempotence=True) as producer:
        for text in texts:
            await producer.send_and_wait(TOPIC, text.encode())


async def kept(broker: Kafka, count: int) -> list[str]:
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
    async with consumer, asyncio.timeout(20):
        return [(await consumer.getone()).value.decode() for _ in range(count)]


async def test_its_data_lie_where_they_should_although_the_path_is_not_ascii(broker: Kafka) -> None:
    assert (broker.folder / "data" / "meta.properties").exists()
    assert [path.name for path in broker.folder.parent.parent.iterdir() if path.is_dir()] == ["守望 é 数据"]


async def test_a_second_start_on_its_folder_is_refused_and_does_it_no_harm(broker: Kafka) -> None:
    with pytest.raises(Trouble, match="Kafka is already running on"):
        Kafka(broker.folder).start()
    await produce(broker, ["unharmed"])
    assert await kept(broker, 1) == ["unharmed"]


async def test_after_a_kill_it_starts_on_the_same_port_with_every_record(broker: Kafka) -> None:
    await produce(broker, [f"before {number}" for number in range(100)])
    port = broker.port
    broker.kill()
    assert not broker.is_ready()
    broker.start()
    assert broker.port == port
    assert (await kept(broker, 101))[-1] == "before 99"


async def test_it_stops_in_order_and_starts_again(broker: Kafka) -> None:
    broker.stop()
    assert broker.poll() == 128 + signal.SIGTERM
    broker.start()
    assert broker.is_ready()


def test_a_foreign_listener_on_its_port_is_named_with_the_variable(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        sentence = rf"Port {port} \(Kafka\) is in use by another program.*SHOUWANG_KAFKA_PORT"
        with pytest.raises(Trouble, match=sentence):
            Kafka(tmp_path, port).start()


def test_a_path_is_escaped_as_java_reads_properties() -> None:
    assert escaped("/a b/é/守\\😀") == "/a b/\\u00e9/\\u5b88\\u005c\\ud83d\\ude00"
