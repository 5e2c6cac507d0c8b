"""The audit: who did what, and read what, of whom. Append-only by grant: no role may change or delete a row."""

from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson

INSERT = """INSERT INTO audit (actor, role, action, subject, purpose, region, details)
VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)"""


@dataclass(frozen=True, slots=True)
class Entry:
    """`subject` is an id (household, record, waiting record), never a name or a number of a person."""

    actor: str
    role: str
    action: str
    subject: str
    purpose: str | None = None
    region: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


async def write(connection: asyncpg.Connection, entry: Entry) -> None:
    """In the transaction of what it tells."""
    await connection.execute(
        INSERT,
        entry.actor,
        entry.role,
        entry.action,
        entry.subject,
        entry.purpose,
        entry.region,
        orjson.dumps(entry.details).decode(),
    )
