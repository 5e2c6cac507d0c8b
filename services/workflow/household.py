"""Households: workflow's own small copy of the register, for queues and tasks. No name but the masked one."""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import asyncpg

from services.workflow.rows import packed
from shared.contracts.household import Household as Registered
from shared.postgres import queries

SQL = queries(__file__)


class Residence(NamedTuple):
    """Where a household lives, by the register."""

    region: str
    grid: str | None


@dataclass(frozen=True, slots=True)
class Household:
    household_id: UUID
    household_no: str
    display_name: str
    size: int
    status: str
    region: str
    grid: str | None

    @property
    def residence(self) -> Residence:
        return Residence(self.region, self.grid)


def ids(keys: Iterable[str]) -> list[UUID]:
    """The households among keys; a key that names none is left to fail alone, where its record is decided."""
    found = []
    for key in keys:
        with contextlib.suppress(ValueError):
            found.append(UUID(key))
    return found


def of(data: Registered) -> Household:
    """What is kept of the register's word."""
    return Household(
        data.household_id, data.household_no, data.display_name, data.size, data.status, data.region, data.grid
    )


async def residences_of(connection: asyncpg.Connection, households: Sequence[UUID]) -> dict[UUID, Residence]:
    """Household → where it lives, for those that are registered."""
    rows = await connection.fetch(SQL.residences_of, list(households)) if households else []
    return {row["household_id"]: Residence(row["region"], row["grid"]) for row in rows}


async def put(connection: asyncpg.Connection, households: Sequence[Household]) -> None:
    """The last word of each household."""
    newest = {one.household_id: one for one in households}
    await connection.execute(SQL.put, packed(list(newest.values())))
