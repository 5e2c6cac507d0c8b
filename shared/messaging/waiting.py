"""Waiting records: kept encrypted in the transaction that acknowledges them, replayed or skipped by a person.

A waiting record holds its whole Kafka record (topic, headers, value), sealed with the service's waiting key; the row
beside it says only where it stands in line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.crypto import Cipher
from shared.messaging.room import Input
from shared.postgres import queries

SQL = queries(__file__)

FOLLOWERS_MAX = 1000
"""What waited behind a record follows in the same transaction up to this many; the rest in further ones."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One row as read: `record` is still sealed."""

    consumer: str
    topic: str
    key: str
    sequence: int
    state: str
    type: str
    region: str | None
    cause: str | None
    tries: int
    since: datetime
    record: bytes


@dataclass(frozen=True, slots=True)
class ToWait:
    """A record that is to wait: `state` ahead or failed, with the cause in words that hold no one's data."""

    input: Input
    key: str
    sequence: int
    state: str
    cause: str | None


def associated(consumer: str, topic: str, key: str, sequence: int) -> bytes:
    """The sealed record is bound to its place in line: it cannot be put elsewhere."""
    return f"{consumer}|{topic}|{key}|{sequence}".encode()


async def read(
    connection: asyncpg.Connection, consumer: str, keys: Sequence[str], limit: int = FOLLOWERS_MAX
) -> list[Waiting]:
    """What waits under these keys, in line: (topic, key, sequence) ascending, at most `limit` of each topic and key."""
    found = await connection.fetch(SQL.read, consumer, list(keys), limit)
    return [Waiting(**dict(row)) for row in found]


async def put(
    connection: asyncpg.Connection, consumer: str, cipher: Cipher, records: Sequence[ToWait], now: datetime
) -> set[tuple[str, str, int]]:
    """Let records wait; one that waits already is not put twice. Returns the new ones' (topic, key, sequence)."""
    rows = await connection.fetch(
        SQL.put,
        [consumer] * len(records),
        [record.input.topic for record in records],
        [record.key for record in records],
        [record.sequence for record in records],
        [record.state for record in records],
        [record.input.type[:200] for record in records],
        [record.input.region for record in records],
        [record.cause for record in records],
        now,
        [
            cipher.seal(_packed(record.input), associated(consumer, record.input.topic, record.key, record.sequence))
            for record in records
        ],
    )
    return {(row["topic"], row["key"], row["sequence"]) for row in rows}


def _packed(input: Input) -> bytes:
    assert input.record is not None, "only a record of a topic waits"
    return input.record.packed()


async def remove(connection: asyncpg.Connection, consumer: str, rows: Sequence[Waiting]) -> None:
    """They have been decided, or skipped."""
    await connection.execute(
        SQL.remove,
        consumer,
        [row.topic for row in rows],
        [row.key for row in rows],
        [row.sequence for row in rows],
    )


async def fail(connection: asyncpg.Connection, rows: Sequence[tuple[Waiting, str]]) -> None:
    """Records that waited came to their turn, or were replayed, and failed."""
    for row, cause in rows:
        await connection.execute(SQL.fail, row.consumer, row.topic, row.key, row.sequence, cause)
