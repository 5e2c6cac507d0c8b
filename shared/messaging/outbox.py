"""The outbox: facts numbered under their key's lock and written in the transaction that made them true."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import asyncpg
import msgspec
import orjson
from pydantic import TypeAdapter

from shared.contracts.envelope import EVENT_BYTES_MAX, schema_address
from shared.contracts.topics import TOPIC
from shared.messaging.keys import KeyRow
from shared.messaging.room import Emit
from shared.messaging.structs import as_model
from shared.postgres import queries

SQL = queries(__file__)


class EventTooLarge(ValueError):
    """A fact over 256 kB is refused where it is emitted, never later."""


class OutboxRow(msgspec.Struct, frozen=True):
    """One row, column by column as in the table."""

    topic: str
    number: int
    key: str
    sequence: int
    emit: Emit
    source: str
    value: bytes


def rows(service: str, emits: Sequence[Emit], keys: Mapping[str, KeyRow], now: datetime) -> list[OutboxRow]:
    """Number and serialise facts, in order. Raises EventTooLarge; KeyError when a fact's key was not locked."""
    made = []
    for emit in emits:
        sequence = keys[emit.key].next_emitted(emit.topic)
        source = f"/{service}"
        value = serialise(emit, source, sequence, now)
        if len(value) > EVENT_BYTES_MAX:
            raise EventTooLarge(f"{emit.type} of {len(value)} bytes is over {EVENT_BYTES_MAX}")
        made.append(OutboxRow(emit.topic, TOPIC[emit.topic].number, emit.key, sequence, emit, source, value))
    return made


def serialise(emit: Emit, source: str, sequence: int, now: datetime) -> bytes:
    """The fact as CloudEvents JSON. The payload was validated when it was built; here it is only written."""
    data = as_model(emit.data)
    envelope = {
        "specversion": "1.0",
        # asyncpg's UUID, which a case read from its row brings along, is a class of its own: orjson refuses it.
        "id": str(emit.id),
        "source": source,
        "type": emit.type,
        "datacontenttype": "application/json",
        "dataschema": schema_address(TOPIC[emit.topic].event.family),
        "subject": emit.subject or emit.key,
        "partitionkey": emit.key,
        "time": _instant(emit.time or now),
        "sequence": f"{sequence:012d}",
        "correlationid": str(emit.correlation_id or emit.id),
        "region": emit.region,
        "data": orjson.Fragment(_writer(data.__class__)(data)),
    }
    if emit.causation_id is not None:
        envelope["causationid"] = str(emit.causation_id)
    if emit.grid is not None:
        envelope["grid"] = emit.grid
    if emit.traceparent is not None:
        envelope["traceparent"] = emit.traceparent
    return orjson.dumps(envelope)


@cache
def _writer(data: type) -> Callable[[Any], bytes]:
    return TypeAdapter(data).serializer.to_json


@lru_cache(maxsize=64)
def _instant(at: datetime) -> str:
    """Most facts of a transaction are told at its now."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


async def insert_as_person(connection: asyncpg.Connection, made: Sequence[OutboxRow]) -> None:
    """A person's way: through `emit`, which also moves the key rows and wakes the relay."""
    told, *others = fact_columns(made)
    await connection.execute(SQL.insert_as_person, told, [row.number for row in made], *others)


def fact_columns(made: Sequence[OutboxRow]) -> tuple[list[Any], ...]:
    """topic, key, sequence, id, type, source, region, value."""
    return (
        [row.topic for row in made],
        [row.key for row in made],
        [row.sequence for row in made],
        [row.emit.id for row in made],
        [row.emit.type for row in made],
        [row.source for row in made],
        [row.emit.region for row in made],
        [row.value for row in made],
    )
