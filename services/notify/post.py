"""A post: who is responsible at an office or for a grid, since when. Kept from `officer.assigned`; holds no name.

Beside the posts stand spells: who acts in the post of somebody on leave, from a day until a day by the civil calendar,
so that a leave that was told beforehand begins and ends by itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

import asyncpg
import orjson

from shared.contracts.officer import Assignment
from shared.postgres import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Post:
    """`until` is the first day on which it is another's. `changed_at`: when we heard of it last, civil.

    With `stands_in_for` it is that person's, who is away meanwhile.
    """

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
    stands_in_for: str | None = None

    def is_held_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)


class Roll:
    """Posts and spells by place: an office, or a grid (its worker may sit in an office of several grids)."""

    __slots__ = ("_at",)

    def __init__(self, posts: Iterable[Post]) -> None:
        at: dict[str, list[Post]] = {}
        for one in posts:
            for place in dict.fromkeys((one.office_id, one.grid)):
                if place is not None:
                    at.setdefault(place, []).append(one)
        self._at: Mapping[str, list[Post]] = MappingProxyType(at)

    def at(self, place: str) -> Sequence[Post]:
        """Past and coming ones too, the longest there first."""
        return self._at.get(place, ())

    def present(self, place: str, day: date) -> list[Post]:
        """Who is responsible there on a day and not away: holders and those who stand in."""
        there = [one for one in self.at(place) if one.is_held_on(day)]
        away = {one.stands_in_for for one in there}
        return [one for one in there if one.officer_id not in away]

    def office(self, office_id: str) -> Post | None:
        """Any post at the office itself: it knows the office's name."""
        return next((one for one in self.at(office_id) if one.office_id == office_id), None)

    def __iter__(self) -> Iterator[Post]:
        return iter({id(one): one for posts in self._at.values() for one in posts}.values())


def of(assignment: Assignment, now: datetime) -> Post:
    given: dict[str, Any] = {name: getattr(assignment, name) for name in _TOLD}
    return Post(**given, changed_at=now)


_TOLD = tuple(one.name for one in fields(Post) if one.name != "changed_at")
_HELD = tuple(one.name for one in fields(Post) if one.name != "stands_in_for")


async def at_places(connection: asyncpg.Connection, places: Iterable[str]) -> tuple[Post, ...]:
    """Every post and spell at these offices and grids, past and coming ones too, the longest there first."""
    rows = await connection.fetch(SQL.read, sorted(set(places)))
    return tuple(Post(**dict(row)) for row in rows)


async def put(connection: asyncpg.Connection, posts: Sequence[Post]) -> None:
    """The last word about each (office, person) counts; what somebody does for another stands beside it."""
    held = {(one.office_id, one.officer_id): one for one in posts if one.stands_in_for is None}
    spells = {(one.office_id, one.officer_id, one.stands_in_for, one.since): one for one in posts if one.stands_in_for}
    if held:
        rows = [{name: getattr(one, name) for name in _HELD} for one in held.values()]
        await connection.execute(SQL.put, orjson.dumps(rows).decode())
    if spells:
        await connection.execute(SQL.put_spells, orjson.dumps([asdict(one) for one in spells.values()]).decode())
