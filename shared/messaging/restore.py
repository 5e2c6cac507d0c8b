"""After a database was put back to an earlier hour: our topics know more than it does, and it learns that from them.

Readers go on from the stored positions. What a service had emitted since then lies in its own topics: an id that is
there keeps the number that it has there, and a new one goes on behind the end. Run while no service runs; running it
twice, or where nothing was put back, changes nothing.

All topics are then read again at once, and so an effect can come before its cause, as it never does otherwise. It is
harmless where the reader needs no order between topics, and that holds of every fact that another service reads:
intake and console keep what each step says, by case; notify tells what arrived, by place, and the reader of notices
writes them into the history; screening remembers the end of a warning that it has not raised yet; an appeal is of a
case whose refusal was a person's, and so stands in the backup or is gone. Only a hop's entry, which workflow tells
itself, is void without the case that is told of with it, and that case may come later, or never (a person had decided).
So it neither waits, for it could hold up its line for good, nor is it told under a second number: read too early, it
passes as stale; and if its service comes to tell it again, the very record of the log goes out once more, as after a
relay's death, and its reader decides this copy (`owed`), whose number it has behind it.

What was learnt of a fact is kept until it has been told again, and a copy that goes out until it has come. What
nobody tells again stays for good, for somebody may at any time (a person decides as before): it is no more than was
told in the hour that is gone.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code

from shared.contracts.topics import TOPICS, Topic
from shared.messaging.room import Emit, Input
from shared.postgres import SERVICES, queries

SQL = queries(__file__)
EMPTY_GROUP_SECONDS = 30.0
"""A static member that was stopped stays one until its session of ten seconds has ended."""
RETRY_SECONDS = 0.5
READ_MS = 500

Positions = Mapping[tuple[str, str, int], int]
"""(consumer group, topic, partition) → stored next offset."""
InLine = tuple[str, str, int]
"""(topic, key, number)."""
READ_BY_ITSELF = frozenset(topic.name for topic in TOPICS if topic.producer in topic.consumers)
GROUPS = frozenset({*SERVICES, "intake.departments"}) | {
    f"{topic.producer}.{topic.name.partition('.')[2]}" for topic in TOPICS if topic.name in READ_BY_ITSELF
}
"""Every group of ours, by name: one a service, one a hop. What Kafka lists right after its start can be too little."""


class StillRunning(Exception):
    """A group has members: its services must be stopped first."""


@dataclass(slots=True)
class Said:
    """What the log says that we had emitted; asked once a process, and again only where anything was put back."""

    is_any: bool | None = None

    async def without(self, connection: asyncpg.Connection, emits: Sequence[Emit]) -> tuple[list[Emit], list[UUID]]:
        """The facts that are not in our topics yet; and the ids of those that are (see `tell_again`)."""
        if not emits or not await self._is_any(connection):
            return list(emits), []
        found = await connection.fetch(SQL.there, [str(emit.id) for emit in emits])
        there = {row["event_id"] for row in found}
        return [emit for emit in emits if str(emit.id) not in there], [UUID(one) for one in there]

    async def tell_again(self, connection: asyncpg.Connection, there: Sequence[UUID]) -> int:
        """Once the key rows are written: what we had read of these before we told it goes out as it was."""
        return await connection.fetchval(SQL.tell_again, there) if there else 0

    async def owed(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> dict[InLine, UUID]:
        """Places in line of what comes once more to be decided. Under the locks of the inputs' keys."""
        ours = [input for input in inputs if input.topic in READ_BY_ITSELF]
        if not ours or not await self._is_any(connection):
            return {}
        keys, names = list({input.key for input in ours}), list({input.topic for input in ours})
        found = await connection.fetch(SQL.owed, keys, names)
        return {(row["topic"], row["key"], row["sequence"]): row["event_id"] for row in found}

    async def settle(self, connection: asyncpg.Connection, ids: Sequence[UUID]) -> None:
        await connection.execute(SQL.settle, ids)

    async def _is_any(self, connection: asyncpg.Connection) -> bool:
        if self.is_any is None:
            self.is_any = bool(await connection.fetchval(SQL.is_restored))
        return self.is_any


@dataclass(frozen=True, slots=True)
class Told:
    """One record of ours: its place in line, and its bytes where its own service reads it."""

    key: str
    sequence: int
    event_id: UUID
    value: bytes | None


async def restore(bootstrap: str, admin_dsn: str) -> Mapping[str, int]:
    """Bring every service's numbers in line: how many facts each learnt from the topics.

    Raises StillRunning, KafkaError, PostgresError.
    """
    admin = await asyncpg.connect(admin_dsn)
    try:
        stored = {service: await _positions(admin, service) for service in SERVICES}
        groups = GROUPS | {group for one in stored.values() for group, _, _ in one}
        await _await_no_readers(bootstrap, sorted(groups))
        facts = dict.fromkeys(SERVICES, 0)
        for topic in TOPICS:
            starts = _starts(topic, stored)
            async for read in _read(bootstrap, topic.name, starts):
                facts[topic.producer] += await take_in(admin, topic, read)
        return facts
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


async def _read(bootstrap: str, topic: str, starts: Mapping[int, int]) -> AsyncIterator[list[Told]]:
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
                yield [found for one in records if (found := told(topic, one.headers, one.value)) is not None]
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    await consumer._client.add_topic(topic)
    return sorted(consumer.partitions_for_topic(topic) or ())


def told(topic: str, headers: Sequence[tuple[str, bytes]], value: bytes | None) -> Told | None:
    """None for what no relay of ours has sent."""
    head = dict(headers)
    try:
        key, sequence = head["ce_partitionkey"].decode(), int(head["ce_sequence"])
        return Told(key, sequence, UUID(head["ce_id"].decode()), value if topic in READ_BY_ITSELF else None)
    except (KeyError, ValueError, AttributeError):
        return None


async def take_in(admin: asyncpg.Connection, topic: Topic, read: Sequence[Told]) -> int:
    """Remember what is beyond the known numbers, and move these on. Returns how many facts were unknown."""
    if not read:
        return 0
    keys, sequences = [one.key for one in read], [one.sequence for one in read]
    ids, values = [one.event_id for one in read], [one.value for one in read]
    async with admin.transaction():
        await admin.execute(f"SET LOCAL search_path TO {topic.producer}, civil")
        await admin.execute(SQL.make_keys, keys)
        unknown = await admin.fetch(SQL.remember, topic.name, topic.number, keys, sequences, ids, values)
        await admin.execute(SQL.go_on_behind, topic.number, keys, sequences)
    return len(unknown)


async def _await_no_readers(bootstrap: str, groups: Sequence[str]) -> None:
    """Nobody reads while the numbers are brought in line. Raises StillRunning, or the KafkaError that stays."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        for group in groups:
            await _await_empty(client, group)
    finally:
        await client.close()


async def _await_empty(client: AIOKafkaAdminClient, group: str) -> None:
    """Until its broker can speak of the group and knows no member of it.

    A broker that has just come up has not read its groups yet, and says so. Raises StillRunning, or the KafkaError that
    stays.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + EMPTY_GROUP_SECONDS
    trouble: Exception
    while True:
        try:
            if not await _has_members(client, group):
                return
            trouble = StillRunning(group)
        except KafkaError as error:
            trouble = error
        if loop.time() > until:
            raise trouble
        await asyncio.sleep(RETRY_SECONDS)


async def _has_members(client: AIOKafkaAdminClient, group: str) -> bool:
    """Asked of one group at a time: an answer about several the driver reads by the wrong schema. Raises KafkaError."""
    (answer,) = await client.describe_consumer_groups([group])
    (told,) = answer.to_object()["groups"]
    if told["error_code"]:
        raise for_code(told["error_code"])(group)
    return bool(told["members"])
