"""Recheck: the day on which time alone may change what is said of a household. Its row, for the alarm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

import asyncpg

from shared.clock import SHANGHAI
from shared.postgres import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Recheck:
    """A household with its next day; None: time alone changes nothing."""

    household_id: UUID
    on: date | None
    region: str
    grid: str | None


async def write(connection: asyncpg.Connection, rechecks: Sequence[Recheck]) -> None:
    """The newest day of each household, in one statement; none where no day has changed."""
    newest = list({one.household_id: one for one in rechecks}.values())
    if newest:
        await connection.execute(
            SQL.write,
            [one.household_id for one in newest],
            [None if one.on is None else begins(one.on) for one in newest],
            [one.region for one in newest],
            [one.grid for one in newest],
        )


def begins(day: date) -> datetime:
    """Its first moment in Asia/Shanghai."""
    return datetime.combine(day, time(), SHANGHAI)
