"""After a database was put back to an earlier hour: our topics know more than it does, and it learns that from them.

Readers go on from the stored positions. What a service had emitted since then lies in its own topics: a fact whose id
is there keeps the number that it has there and is not sent again; a new one goes on behind the end. Run while no
service runs; running it twice, or where nothing was put back, changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError, KafkaError

from shared.contracts.topics import TOPIC, TOPICS, Topic
from shared.messaging.keys import KeyRow
from shared.messaging.room import Emit
from shared.postgres import SERVICES, queries

SQL = queries(__file__)
EMPTY_GROUP_SECONDS = 30.0
"""A static member that was stopped stays one until its session of ten seconds has ended."""
RETRY_SECONDS = 0.5
READ_MS = 500

Positions = Mapping[tuple[str, str, int], int]
"""(consumer group, topic, partition) → stored next offset."""


class StillRunning(Exception):
    """A group has members: its services must be stopped first."""


@dataclass(slots=True)
class Said:
    """What the log says that we had emitted; asked once a process, and again only where anything was put back."""

    is_any: bool | None = None

    async def without(
        self, connection: asyncpg.Connection, emits: Sequence[Emit], rows: Mapping[str, KeyRow]
    ) -> list[Emit]:
        """The facts that are not in our topics yet, and those that we must tell ourselves again (`_again`)."""
        if emits and self.is_any is None:
            self.is_any = await connection.fetchval(SQL.is_restored)
        if not emits or not self.is_any:
            return list(emits)
        found = await connection.fetch(SQL.there, [str(emit.id) for emit in emits])
        there = {row["event_id"]: row["sequence"] for row in found}
        return [one for emit in emits if (one := _again(emit, there.get(str(emit.id)), rows)) is not None]


def _again(emit: Emit, number: int | None, rows: Mapping[str, KeyRow]) -> Emit | None:
    """None for what lies in its topic and will be read there, or was read by others.

    A topic that its own producer reads (a hop's) can have been read again before the state was there of which it tells.
    Then nothing came of it, and it is told once more, behind the end: the one case in which an id gets a second number.
    """
    if number is None:
        return emit
    topic = TOPIC[emit.topic]
    if topic.producer not in topic.consumers or rows[emit.key].applied_number(emit.topic) < number:
        return None
    return emit


@dataclass(frozen=True, slots=True)
class Restored:
    """`facts` learnt from the topics, by service; `sought_back`: partitions that are read again."""

    facts: Mapping[str, int]
    sought_back: int


@dataclass(frozen=True, slots=True)
class InLine:
    """One record's place in line."""

    key: str
    sequence: int
    event_id: UUID


async def restore(bootstrap: str, admin_dsn: str) -> Restored:
    """Bring every service's numbers, and every group's offsets, in line.

    Raises StillRunning, KafkaError, PostgresError.
    """
    admin = await asyncpg.connect(admin_dsn)
    try:
        stored = {service: await _positions(admin, service) for service in SERVICES}
        every = {where: offset for one in stored.values() for where, offset in one.items()}
        sought_back = await _seek_back(bootstrap, every)
        facts = dict.fromkeys(SERVICES, 0)
        for topic in TOPICS:
            starts = _starts(topic, stored)
            async for read in _read(bootstrap, topic.name, starts):
                facts[topic.producer] += await _take_in(admin, topic, read)
        return Restored(facts, sought_back)
    finally:
        await admin.close()


async def _positions(admin: asyncpg.Connection, service: str) -> Positions:
    await admin.execute(f"SET search_path TO {service}, civil")
    rows = await admin.fetch(SQL.positions)
    return {(row["consumer"], row["topic"], row["partition"]): row["next_offset"] for row in rows}


def _starts(topic: Topic, stored: Mapping[str, Positions]) -> dict[int, int]:
    """Where the unknown can begin: all that any reader had applied was known to its producer, in the same backup."""
    by_service: list[dict[int, int]] = []
    for service in topic.consumers:
        least: dict[int, int] = {}
        for (_, name, partition), offset in stored[service].items():
            if name == topic.name:
                least[partition] = min(offset, least.get(partition, offset))
        by_service.append(least)
    partitions = {partition for least in by_service for partition in least}
    return {partition: min(least.get(partition, 0) for least in by_service) for partition in partitions}


async def _read(bootstrap: str, topic: str, starts: Mapping[int, int]) -> AsyncIterator[list[InLine]]:
    """A topic from `starts` (elsewhere from its beginning) to its end."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False)
    await consumer.start()
    try:
        parts = [TopicPartition(topic, number) for number in await _partitions(consumer, topic)]
        consumer.assign(parts)
        begins, ends = await consumer.beginning_offsets(parts), await consumer.end_offsets(parts)
        for part in parts:
            consumer.seek(part, max(begins[part], min(starts.get(part.partition, 0), ends[part])))
        while any([await consumer.position(part) < ends[part] for part in parts]):
            for records in (await consumer.getmany(timeout_ms=READ_MS)).values():
                yield [fact for one in records if (fact := _in_line(one.headers)) is not None]
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    await consumer._client.add_topic(topic)
    return sorted(consumer.partitions_for_topic(topic) or ())


def _in_line(headers: Sequence[tuple[str, bytes]]) -> InLine | None:
    """None for what no relay of ours has sent."""
    head = dict(headers)
    try:
        key, sequence = head["ce_partitionkey"].decode(), int(head["ce_sequence"])
        return InLine(key, sequence, UUID(head["ce_id"].decode()))
    except (KeyError, ValueError, AttributeError):
        return None


async def _take_in(admin: asyncpg.Connection, topic: Topic, read: Sequence[InLine]) -> int:
    """Remember what is beyond the known numbers, and move these on. Returns how many facts were unknown."""
    if not read:
        return 0
    keys, sequences = [fact.key for fact in read], [fact.sequence for fact in read]
    ids = [fact.event_id for fact in read]
    async with admin.transaction():
        await admin.execute(f"SET LOCAL search_path TO {topic.producer}, civil")
        await admin.execute(SQL.make_keys, keys)
        unknown = await admin.fetch(SQL.remember, topic.name, topic.number, keys, sequences, ids)
        await admin.execute(SQL.go_on_behind, topic.number, keys, sequences)
    return len(unknown)


async def _seek_back(bootstrap: str, stored: Positions) -> int:
    """Every group's offsets in Kafka back to its stored positions: what gets nothing new is read again too."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        moved = 0
        for group in sorted({str(name) for name, _ in await client.list_consumer_groups()}):
            if group.partition(".")[0] not in SERVICES:
                continue
            committed = await client.list_consumer_group_offsets(group)
            back = {
                part: stored.get((group, part.topic, part.partition), 0)
                for part, at in committed.items()
                if at.offset > stored.get((group, part.topic, part.partition), 0)
            }
            if back:
                await _commit(bootstrap, group, back)
            moved += len(back)
        return moved
    finally:
        await client.close()


async def _commit(bootstrap: str, group: str, offsets: Mapping[TopicPartition, int]) -> None:
    """In the name of a group without members. Raises StillRunning where it has some for long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + EMPTY_GROUP_SECONDS
    while True:
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign(list(offsets))
            await consumer.commit(dict(offsets))
            return
        except (CommitFailedError, KafkaError) as error:
            if loop.time() > until:
                raise StillRunning(group) from error
        finally:
            await consumer.stop()
        await asyncio.sleep(RETRY_SECONDS)
