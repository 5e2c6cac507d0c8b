"""A post: who is responsible at an office or for a grid, since when. Kept from `officer.assigned`; holds no name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import asyncpg
import orjson

from shared.contracts.officer import Assignment
from shared.postgres import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Post:
    """`until` is the first day on which it is another's. `changed_at`: when we heard of it last, civil."""

    officer_id: str
    office_id: str
    office_kind: str
    office_zh: str
    office_en: str
    role: str
    capacity: str | None
    post: str
    since: date
    until: date | None
    changed_at: datetime
    region: str
    grid: str | None

    def is_held_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)

    def is_at(self, place: str) -> bool:
        """Of this office, or of this grid: a grid's worker may sit in an office of several grids."""
        return place in (self.office_id, self.grid)


def of(assignment: Assignment, now: datetime) -> Post:
    given: dict[str, Any] = {name: getattr(assignment, name) for name in _TOLD}
    return Post(**given, changed_at=now)


_TOLD = tuple(one.name for one in fields(Post) if one.name != "changed_at")


async def at_places(connection: asyncpg.Connection, places: Iterable[str]) -> tuple[Post, ...]:
    """Every post at these offices and grids, past and coming ones too, the longest there first."""
    rows = await connection.fetch(SQL.read, sorted(set(places)))
    return tuple(Post(**dict(row)) for row in rows)


async def put(connection: asyncpg.Connection, posts: Sequence[Post]) -> None:
    """The last word about each (office, person) counts."""
    newest = {(one.office_id, one.officer_id): one for one in posts}
    await connection.execute(SQL.put, orjson.dumps(list(newest.values())).decode())
