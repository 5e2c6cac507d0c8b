"""A consumer group on a real broker: hostile bytes, redelivery, holes in a log."""

import asyncio
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from shared.messaging.batch import Report
from shared.messaging.room import Kept
from shared.messaging.unit_of_work import UnitOfWork
from tests.shared.messaging.ledger import House, fact, kept
from tests.shared.messaging.reading import publish, reading, start_from_here
from tests.until import until


async def test_hostile_records_wait_in_their_place_and_their_neighbours_pass(road: House, kafka: str) -> None:
    await start_from_here(road, kafka)
    keys = [str(uuid4()) for _ in range(8)]
    bad_header = fact(keys[2], 1)
    msgspec.structs.force_setattr(bad_header, "record", _with_headers(bad_header, [("ce_type", b"\xff\xfe")]))
    records = [
        fact(keys[0], 1, "good-0"),
        fact(keys[1], 1, value=b"{"),
        bad_header,
        fact(keys[3], 1, value="农户".encode("gbk")),
        fact(keys[4], 1, value=b"3"),
        fact(keys[5], 1, head={"ce_sequence": ""}),
        fact(keys[6], 1, value=b""),
        fact(keys[7], 1, "good-7"),
    ]
    async with reading(road, kafka):
        await publish(kafka, *records)

        async def all_read() -> bool:
            return (await road.account())["received"] == 8

        await until(all_read, 20, "eight records read")
    assert sorted(await road.words()) == ["good-0", "good-7", "r-1"]
    waits = await road.waiting()
    assert {key for key, *_ in waits} == {keys[1], keys[3], keys[4], "partition:0", keys[6]}
    account = await road.account()
    assert (account["accepted"], account["waiting"]) == (3, 5)


def _with_headers(input: object, more: list[tuple[str, bytes]]) -> Kept:
    whole = kept(input)  # type: ignore[arg-type]
    headers = [(name, raw) for name, raw in whole.headers if name not in dict(more)] + more
    return Kept(whole.topic, whole.partition, whole.offset, headers, whole.value)


async def test_a_database_restored_to_an_earlier_hour_reads_again_from_there(road: House, kafka: str) -> None:
    await start_from_here(road, kafka)
    key = str(uuid4())
    async with reading(road, kafka) as consumer:
        await publish(kafka, fact(key, 1), fact(key, 2))
        await _are_read(road, key, 2)
        await consumer.tell()
    await _put_back(road)
    async with reading(road, kafka):
        await _are_read(road, key, 2)  # though nothing new comes, and Kafka was told of both


async def test_a_database_put_back_under_a_reader_is_read_again_with_the_next_record(road: House, kafka: str) -> None:
    await start_from_here(road, kafka)
    key = str(uuid4())
    async with reading(road, kafka):
        await publish(kafka, fact(key, 1), fact(key, 2))
        await _are_read(road, key, 2)
        await _put_back(road)
        await publish(kafka, fact(key, 3))
        await _are_read(road, key, 3)


async def _are_read(road: House, key: str, number: int) -> None:
    async def are_read() -> bool:
        return await road.words(key) == [f"r-{one}" for one in range(1, number + 1)]

    await until(are_read, 20, f"{number} facts")


async def _put_back(road: House) -> None:
    await road.pool.execute("UPDATE positions SET next_offset = next_offset - 2 WHERE partition = 0")
    await road.pool.execute("DELETE FROM ledger")
    await road.pool.execute("DELETE FROM keys")


async def test_a_member_goes_on_where_our_positions_say_whatever_kafka_was_told(road: House, kafka: str) -> None:
    await start_from_here(road, kafka)
    key = str(uuid4())
    async with reading(road, kafka):
        await publish(kafka, fact(key, 1), fact(key, 2))
        await _are_read(road, key, 2)
    async with reading(road, kafka):
        await publish(kafka, fact(key, 3))
        await _are_read(road, key, 3)
    account = await road.account()
    assert (account["received"], account["duplicates"]) == (3, 0), "Kafka still stood before the first of them"


async def test_kafka_is_told_how_far_a_group_is(road: House, kafka: str) -> None:
    await start_from_here(road, kafka)
    key, part = str(uuid4()), TopicPartition("data.changed", 0)
    async with reading(road, kafka) as consumer:
        await publish(kafka, fact(key, 1), fact(key, 2))
        before = await _told(kafka, road.work.consumer, part)

        async def is_told() -> bool:
            await consumer.tell()
            return await _told(kafka, road.work.consumer, part) == before + 2

        await until(is_told, 20, "both facts")
        consumer._untold = {part: before, TopicPartition("warning.raised", 0): 7}
        await consumer.tell()
        assert await _told(kafka, road.work.consumer, part) == before, "another's partition is not in the way"


async def _told(kafka: str, group: str, part: TopicPartition) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    offsets = await admin.list_consumer_group_offsets(group)
    await admin.close()
    return int(offsets[part].offset)


async def test_a_log_that_begins_beyond_our_position_is_counted_lost_and_its_first_numbers_count(
    road: House, kafka: str
) -> None:
    topic = "notice.sent"
    road.work.subscriber[topic] = road.work.subscriber.pop("data.changed")
    road.subscriber.topic = topic
    key = str(uuid4())
    value = kept(fact(key, 5)).value
    start = await _delete_all(kafka, topic)
    await start_from_here(road, kafka, topic)
    await road.pool.execute("UPDATE positions SET next_offset = $1 WHERE partition = 0", start - 2)
    async with reading(road, kafka, topic):
        await publish(kafka, fact(key, 5, value=value), topic=topic)

        async def is_read() -> bool:
            return (await road.account())["received"] == 1

        await until(is_read, 20, "the record beyond the hole")
    row = await road.pool.fetchrow("SELECT * FROM positions WHERE consumer = $1 AND partition = 0", road.work.consumer)
    assert row is not None and (row["holes"], row["lost"]) == (1, 2)
    assert [state for _, _, state, _ in await road.waiting()] == ["failed"], (
        "it is no notice; but it did not wait ahead"
    )


async def _delete_all(kafka: str, topic: str) -> int:
    """Delete what a partition holds, so that its log begins later. Returns where it begins."""
    await publish(kafka, *(fact(str(uuid4()), 1) for _ in range(3)), topic=topic)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    part = TopicPartition(topic, 0)
    end = (await consumer.end_offsets([part]))[part]
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_records({part: RecordsToDelete(before_offset=end)})
    await admin.close()

    async def begins_there() -> bool:
        return bool((await consumer.beginning_offsets([part]))[part] == end)

    await until(begins_there, 10, "log start moved")
    await consumer.stop()
    return int(end)


async def test_partitions_go_to_another_when_the_batch_in_hand_is_committed(
    road: House, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one begins where our positions stand then: before it, it would read the batch again."""
    await start_from_here(road, kafka)
    begun, gate, process = asyncio.Event(), asyncio.Event(), UnitOfWork.process

    async def held(work: UnitOfWork, *batch: Any) -> Report:
        begun.set()
        await gate.wait()
        return await process(work, *batch)

    monkeypatch.setattr(UnitOfWork, "process", held)
    async with reading(road, kafka) as consumer:
        await publish(kafka, fact(str(uuid4()), 1))
        await begun.wait()
        given_up = asyncio.create_task(consumer.on_partitions_revoked([]))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not given_up.done()
        gate.set()
        await given_up
        assert (await road.account())["received"] == 1


@pytest.mark.parametrize("slot", ["slot-0", None])
async def test_only_a_member_of_no_slot_says_farewell(road: House, kafka: str, slot: str | None) -> None:
    """The group of one that comes back keeps its place; another's need not wait out its session."""
    async with reading(road, kafka, slot=slot):
        assert await _members(kafka, road.work.consumer) == 1
    assert await _members(kafka, road.work.consumer) == (0 if slot is None else 1)


async def _members(kafka: str, group: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    [told] = await admin.describe_consumer_groups([group])
    await admin.close()
    return len(told.groups[0][5])


async def test_a_stopped_consumer_leaves_no_task_behind(road: House, kafka: str) -> None:
    before = len(asyncio.all_tasks())
    async with reading(road, kafka):
        pass

    await until(lambda: len(asyncio.all_tasks()) <= before, 10, "no task left")
