"""Identity: which household a record is about, and the records whose household is not known yet. Pure but for its rows.

An ID number (its blind index) names a person, a person a household; else the household number does. Both given and
disagreeing is nobody's guess: such a record is parked (`identity_contradicts`), as is one whose person or household is
not registered, and one that another county sent about people who are not its own. Parked is not lost: the
register's next word about that person or household says it in the same transaction, a loop asks again, and a person can
match it by hand.

The first sight of a person, by the register or by a department, locks the key row `person:<id>`: otherwise a settlement
could be parked in the very moment in which its person is registered, and two households could both take in one person.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from services.intake.record import Named, Sent
from services.intake.register import Whereabouts
from shared.domain.division import contains
from shared.postgres import queries

SQL = queries(__file__)

RETRY_FIRST_SECONDS, RETRY_MAX_SECONDS = 2.0, 3600.0

Reason = Literal[
    "unknown_person", "unknown_household", "no_number", "identity_contradicts", "region_not_yours", "member_elsewhere"
]


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a known household lives, for whom only that matters."""

    region: str
    grid: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Target:
    """The household that a record is about, and the person where one is named."""

    household_id: UUID
    person_id: UUID | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why a record cannot be told yet, and whose registration it awaits."""

    reason: Reason
    awaits: UUID | None


def person_key(person_id: UUID) -> str:
    return f"person:{person_id}"


def resolve(
    named: Named,
    county: str,
    whereabouts: Callable[[UUID], Whereabouts | None],
    seat: Callable[[UUID], Seat | None],
) -> Target | Unknown:
    """Whom a record is about, by the register as it is now. `county` is the sender's place, a prefix."""
    by_person = _household_of(named.person_id, whereabouts, seat)
    by_number = named.household_id if named.household_id and _is_active(seat(named.household_id)) else None
    if by_person and by_number and by_person != by_number:
        return Unknown("identity_contradicts", named.person_id)
    found = by_person or by_number
    if found is None:
        if named.person_id:
            return Unknown("unknown_person", named.person_id)
        return Unknown("unknown_household" if named.household_id else "no_number", named.household_id)
    there = seat(found)
    assert there is not None
    if not contains(county, there.region):
        return Unknown("region_not_yours", named.person_id or found)
    return Target(found, named.person_id)


def _household_of(
    person_id: UUID | None,
    whereabouts: Callable[[UUID], Whereabouts | None],
    seat: Callable[[UUID], Seat | None],
) -> UUID | None:
    where = whereabouts(person_id) if person_id else None
    return where.household_id if where and _is_active(seat(where.household_id)) else None


def _is_active(seat: Seat | None) -> bool:
    return seat is not None and seat.is_active


def is_one_place(county: str, other: str) -> bool:
    """Whether one of two places, as prefixes, lies in the other; a place that is not told is no other one."""
    return county.startswith(other) or other.startswith(county)


# ── parked rows ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Parked:
    """A record that waits for its household: read again from its sealed payload, with its sender's county."""

    sent: Sent
    reason: Reason
    awaits: UUID | None


@dataclass(frozen=True, slots=True)
class ParkedRow:
    parked: Parked


@dataclass(frozen=True, slots=True)
class UnparkedRow:
    """It has been told, withdrawn or overtaken."""

    department: str
    record_id: str


@dataclass(frozen=True, slots=True)
class WakeRow:
    """The register has changed about these persons and households: ask again what awaits them, now."""

    awaited: tuple[UUID, ...]


async def save_parked(connection: asyncpg.Connection, rows: Sequence[ParkedRow | UnparkedRow], now: datetime) -> None:
    """The last word on each record in the batch."""
    last: dict[tuple[str, str], Parked | None] = {}
    for row in rows:
        if isinstance(row, ParkedRow):
            last[row.parked.sent.department, row.parked.sent.record_id] = row.parked
        else:
            last[row.department, row.record_id] = None
    removed = [name for name, parked in last.items() if parked is None]
    if removed:
        await connection.execute(SQL.unpark, [name[0] for name in removed], [name[1] for name in removed])
    put = [parked for parked in last.values() if parked is not None]
    if put:
        await connection.execute(SQL.park, *_parked_columns(put), now, RETRY_FIRST_SECONDS)


def _parked_columns(put: Sequence[Parked]) -> tuple[list[object], ...]:
    sent = [one.sent for one in put]
    return (
        [one.department for one in sent],
        [one.record_id for one in sent],
        [one.version for one in sent],
        [one.kind.name if one.kind else "" for one in sent],
        [one.reason for one in put],
        [one.named.person_id for one in sent],
        [one.named.household_id for one in sent],
        [one.awaits for one in put],
        [one.origin.county for one in sent],
        [one.origin.channel for one in sent],
        [one.region for one in sent],
    )


async def wake(connection: asyncpg.Connection, awaited: Sequence[UUID]) -> None:
    await connection.execute(SQL.wake, awaited)
