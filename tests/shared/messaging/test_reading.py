"""What a consumer group may meet on its way to the unit of work: odd headers, a database away, or set back."""

import time
from uuid import uuid4

import asyncpg
import msgspec
from aiokafka import AIOKafkaProducer

from shared.messaging import kafka as room
from shared.messaging import record
from shared.messaging.room import Kept
from tests import hostile
from tests.shared.messaging.ledger import House, fact, first_waiting, kept
from tests.shared.messaging.reading import publish, reading, start_from_here
from tests.until import until


async def three_are_read(road: House) -> None:
    async def all_read() -> bool:
        return (await road.account())["received"] == 3

    await until(all_read, 20, "three records read")


async def test_a_header_without_a_value_is_one_more_hostile_header(road: House, kafka: str) -> None:
    await start_from_here(road, kafka)
    first, second, third = (str(uuid4()) for _ in range(3))
    records = [fact(first, 1, "typeless"), fact(second, 1, value=b"{"), fact(third, 1, "good")]
    for one, name in zip(records, ("ce_type", "traceparent", "ce_source"), strict=True):
        whole = kept(one)
        headers = [*((n, v) for n, v in whole.headers if n != name), (name, None)]
        msgspec.structs.force_setattr(
            one,
            "record",
            Kept(whole.topic, whole.partition, whole.offset, headers, whole.value),
        )
    async with reading(road, kafka):
        await publish(kafka, *records)
        await three_are_read(road)
    assert sorted(await road.words()) == ["good", "typeless"]
    report = await road.work.replay(await first_waiting(road))
    assert report.failed, "it can be opened again"


def test_a_department_whose_reader_breaks_costs_a_record_and_not_the_batch() -> None:
    def broken(topic: str, value: bytes | None, headers: record.Headers) -> record.Foreign:
        raise KeyError("planted")

    input = record.read("departments.housing.records", 0, 7, [], b"{}", record.Read(broken))
    assert input.cause == "reader: KeyError"


async def test_a_database_that_is_away_is_asked_again_after_a_pause(road: House, kafka: str) -> None:
    await start_from_here(road, kafka)
    tries: list[float] = []
    stored = road.work.pool

    class Away:
        async def fetch(self, *_: object) -> None:
            tries.append(time.monotonic())
            raise ConnectionRefusedError

        def acquire(self) -> object:
            return stored.acquire()

    road.work.pool = Away()  # type: ignore[assignment]
    async with reading(road, kafka):
        await publish(kafka, fact(str(uuid4()), 1, "late"))
        await until(lambda: len(tries) > 2, 20, "asked three times")
        end = time.monotonic() + 1.0
        await until(lambda: time.monotonic() > end, 2, "a second")
        assert len(tries) < 12, f"{len(tries)} times in about a second"
        road.work.pool = stored

        async def is_read() -> bool:
            return await road.words() == ["late"]

        await until(is_read, 20, "read once it is back")


async def test_a_database_set_back_under_a_running_consumer_reads_again_from_there(
    road: House, kafka: str, database: str
) -> None:
    """Twice, to the same hour: the second hole at a position is not the log's own."""
    await start_from_here(road, kafka)
    key = str(uuid4())
    admin = await asyncpg.connect(database)

    async def words(*expected: int) -> None:
        async def there() -> bool:
            return await road.words(key) == [f"r-{n}" for n in expected]

        await until(there, 20, f"{expected}")

    async with reading(road, kafka):
        await publish(kafka, fact(key, 1), fact(key, 2))
        await words(1, 2)
        for round in (3, 4):
            back = "UPDATE screening.positions SET next_offset = next_offset - $2 WHERE consumer = $1 AND partition = 0"
            async with admin.transaction():
                await admin.execute(back, road.work.consumer, round - 1)
                await admin.execute("DELETE FROM screening.ledger")
                await admin.execute("DELETE FROM screening.keys")
                await admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'screening_worker'"
                )
            await publish(kafka, fact(key, round))
            await words(*range(1, round + 1))
    await admin.close()


async def test_what_a_producer_took_back_is_not_read(road: House, kafka: str) -> None:
    """A department's transaction that was aborted: its records lie in the log, and never happened."""
    await start_from_here(road, kafka)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=str(uuid4()))
    await producer.start()
    key = str(uuid4())
    for word, takes_back in (("taken-back", True), ("stands", False)):
        await producer.begin_transaction()
        whole = kept(fact(key, 1, word))
        await producer.send_and_wait("data.changed", whole.value, headers=whole.headers, partition=0)
        await (producer.abort_transaction() if takes_back else producer.commit_transaction())
    await producer.stop()
    async with reading(road, kafka):

        async def is_read() -> bool:
            return bool(await road.words(key))

        await until(is_read, 20, "a word")
    assert await road.words(key) == ["stands"]


async def test_a_header_whose_name_is_no_utf8_blocks_no_partition(road: House, kafka: str) -> None:
    await start_from_here(road, kafka)
    first, last = fact(str(uuid4()), 1, "before"), fact(str(uuid4()), 1, "behind")
    async with reading(road, kafka):
        await publish(kafka, first)
        await hostile.publish_bytes(kafka, "data.changed", 0, [(b"ce_type\xff\xfe", b"\xff")], b"{")
        await publish(kafka, last)
        await three_are_read(road)
    assert sorted(await road.words()) == ["before", "behind"]
    assert (await road.account())["waiting"] == 1


async def test_a_group_that_reads_one_topic_more_since_its_restart_is_given_it(road: House, kafka: str) -> None:
    async with reading(road, kafka):
        pass
    consumer = room.Consumer(road.work, "slot-0", ("data.changed", "household.registered"))
    broker = room.broker(kafka)
    consumer.attach(broker)
    await broker.start()
    try:
        await until(lambda: consumer.has_joined, 20, "joined its group")
        assigned = {part.topic for part in consumer._subscriber.consumer.assignment()}
        assert assigned == {"data.changed", "household.registered"}
    finally:
        await broker.stop()
