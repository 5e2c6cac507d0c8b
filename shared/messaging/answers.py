"""Answers: what succeeded over HTTP is kept, so that a repeated call gets the same answer (Idempotency-Key).

Same key and body: the stored answer; same key, other body: 422; still in flight: 409.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson

from shared.messaging.faults import Refused
from shared.messaging.room import Problem
from shared.postgres import queries

if TYPE_CHECKING:
    from shared.messaging.batch import Report

SQL = queries(__file__)

IN_FLIGHT = Problem(409, "in_flight", "The same call is still being handled: ask again in a moment.")
REUSED = Problem(422, "idempotency_key_reused", "This Idempotency-Key was used with another body: take a new one.")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """A call's Idempotency-Key: claimed at its start, filled with its answer in the same transaction.

    `caller` is the token's holder, `call` the method and path, `body_hash` SHA-256 of the body's bytes. `render` makes
    the answer from the report. Without an `idempotency_key` nothing is claimed and nothing kept.
    """

    caller: str
    call: str
    idempotency_key: str | None
    body_hash: bytes
    render: Callable[["Report"], Answer]


async def claim(connection: asyncpg.Connection, slot: Slot) -> Answer | None:
    """The stored answer of an earlier call, or None when this call is the first. Raises Refused (409, 422)."""
    if slot.idempotency_key is None:
        return None
    name = "\x1f".join((slot.caller, slot.call, slot.idempotency_key))
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    if not await connection.fetchval(SQL.lock, number):
        raise Refused(IN_FLIGHT)
    row = await connection.fetchrow(SQL.find, slot.caller, slot.call, slot.idempotency_key)
    if row is None:
        return None
    if row["body_hash"] != slot.body_hash:
        raise Refused(REUSED)
    return Answer(row["status"], orjson.loads(row["answer"]), is_repeat=True)


async def store(connection: asyncpg.Connection, slot: Slot, report: "Report") -> Answer:
    """Make the answer and keep it beside what it answers for."""
    answer = slot.render(report)
    if slot.idempotency_key is not None:
        await connection.execute(
            SQL.store,
            slot.caller,
            slot.call,
            slot.idempotency_key,
            slot.body_hash,
            answer.status,
            orjson.dumps(answer.body, default=str).decode(),
        )
    return answer
