"""Put off: whom a loop of matching fails on is tried again in five minutes, and nobody else waits for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from shared.messaging.room import Decided
from shared.postgres import queries

SQL = queries(__file__)

PUT_OFF = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class PutOff:
    """`subject` as the table has it."""

    subject: str
    retry_at: datetime


async def save_put_off(connection: asyncpg.Connection, decided: Sequence[Decided]) -> None:
    put_off = [row for one in decided for row in one.decision.rows if isinstance(row, PutOff)]
    if put_off:
        await connection.execute(
            SQL.put_off, [one.subject for one in put_off], [one.retry_at for one in put_off]
        )  # fmt: skip
