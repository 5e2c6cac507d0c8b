"""A batch: one call that sent records. Opened first, raised in the transaction of each chunk, closed with the reader's
own count; the closed row is the stored answer to the same Idempotency-Key.

A batch that was interrupted goes on where it stopped: its row chains the hashes of the lines that are done, so the same
body is known again, and another one is refused. A record that was passed over (its rows were held by another, while its
neighbours went on) is found by its line, and done then.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal
from uuid import UUID, uuid5

import asyncpg

from services.intake.record import Origin
from shared.messaging.faults import Unavailable
from shared.messaging.room import Decided
from shared.postgres import queries

SQL = queries(__file__)

_IDS = UUID("0f9c1c52-6a55-5b0e-9f55-5f2c7a1d7d10")
BUSY_SECONDS = 30.0
"""How long a batch belongs to the process that reads it without a sign: three statement timeouts."""
REJECTIONS_TOLD_MAX = 1000

COUNTS = ("received", "accepted", "duplicates", "rejected", "parked")


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch's row. Its first `read_to` records are done but for what `done` leaves out; `prefix` is their chain."""

    batch_id: UUID
    department: str
    is_closed: bool
    is_busy: bool
    holder: str
    prefix: bytes
    read_to: int
    done: frozenset[int] | None = None
    """Which lines are done, where that is not all of them; None where it is."""


def batch_id_of(caller: str, department: str, key: str) -> UUID:
    """UUIDv5 of (caller, key): the same call is the same batch."""
    return uuid5(_IDS, "\x1f".join((caller, department, key)))


def chain(prefix: bytes, line: bytes) -> bytes:
    """The hash of all lines up to this one."""
    return blake2b(line, digest_size=16, key=prefix).digest()


async def open_batch(
    connection: asyncpg.Connection, batch_id: UUID, department: str, caller: str, region: str, holder: str
) -> Batch:
    """Open it, or take it up where an interrupted call, or this slot's dead predecessor, left it.

    `holder` is instance/incarnation/call; `is_busy`: it is closed, or somebody reads it at this moment.
    """
    row = await connection.fetchrow(SQL.open, batch_id, department, caller, region, holder, BUSY_SECONDS)
    if row is None:
        row = await connection.fetchrow(SQL.one, batch_id)
        assert row is not None
        return Batch(
            batch_id, row["department"], row["closed_at"] is not None, True, holder, row["prefix"], row["read_to"]
        )
    done = None
    if row["received"] < row["read_to"]:
        done = frozenset(one["line"] for one in await connection.fetch(SQL.done, batch_id))
    return Batch(batch_id, row["department"], False, False, holder, row["prefix"], row["read_to"], done)


async def raise_counts(connection: asyncpg.Connection, decided: Sequence[Decided]) -> None:
    """In the transaction of the records themselves. Raises Unavailable where another call has taken the batch up."""
    counts: dict[UUID, Counter[str]] = {}
    last: dict[UUID, Origin] = {}
    for one in decided:
        origin: Origin = one.input.body.origin
        if origin.batch_id is not None:
            counts.setdefault(origin.batch_id, Counter())[one.decision.outcome] += 1
            last[origin.batch_id] = max(origin, last.get(origin.batch_id, origin), key=lambda one: one.number)
    if counts:
        raised = await connection.execute(
            SQL.raise_counts,
            list(counts),
            *([count[outcome] for count in counts.values()] for outcome in _OUTCOMES),
            [one.prefix for one in last.values()],
            [one.number for one in last.values()],
            BUSY_SECONDS,
            [one.holder for one in last.values()],
        )
        if raised != f"UPDATE {len(counts)}":
            raise Unavailable("another call with this Idempotency-Key has taken the batch up")


_OUTCOMES = ("accepted", "duplicate", "rejected", "parked")


async def close_batch(connection: asyncpg.Connection | asyncpg.Pool, batch_id: UUID, lines: int, holder: str) -> None:
    """`lines` is what the reader counted by itself."""
    await connection.execute(SQL.close, batch_id, lines, holder)


async def let_go(connection: asyncpg.Connection | asyncpg.Pool, batch_id: UUID, holder: str) -> None:
    """Interrupted: the same call may go on at once."""
    await connection.execute(SQL.let_go, batch_id, holder)


def state_of(row: Mapping[str, Any]) -> Literal["open", "closed", "interrupted"]:
    """`interrupted`: nobody reads it any more; the same call under the same key goes on where it stopped."""
    if row["closed_at"] is not None:
        return "closed"
    return "open" if row["is_read"] else "interrupted"


async def account_of(connection: Any, batch_id: UUID) -> dict[str, Any] | None:
    """The batch's counts and its first thousand rejections, without their words; None where it is not to be seen."""
    row = await connection.fetchrow(SQL.one, batch_id)
    if row is None:
        return None
    refused = await connection.fetch(SQL.rejections, batch_id, REJECTIONS_TOLD_MAX)
    return dict(row) | {"rejections": [dict(one) for one in refused]}
