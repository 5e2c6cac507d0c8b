"""Clues: what a farmer or a cadre reports becomes one fact under a household's key, matched or not. Methods 1, 2 and 5.

A report is matched by an ID number, a household number, or a household that the reporter names; else it is told under a
provisional household of its own, and a case opens all the same. The same person within 30 days attaches to
what was told before. Nothing of a farmer's is judged or dropped here. All words and identities lie sealed in one field.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from services.intake import identity, register
from services.intake.identity import Seat, Target
from services.intake.progress import Progress, load_progress, of_report
from services.intake.record import Named
from services.intake.register import grid_of
from services.intake.vault import Vault
from shared.clock import civil_date
from shared.contracts.clue import Clue
from shared.contracts.envelope import event_id
from shared.contracts.household import Household, Monitoring
from shared.contracts.types import Level
from shared.messaging.room import ACCEPTED, DUPLICATE, PARKED, Decision, Emit, Problem, State
from shared.postgres import queries

SQL = queries(__file__)

EARLIER_MAX = 200
NOBODY_S_NAME = "某某"
"""Shown for whoever gave no name."""
NO_GROUP = 0
"""Nobody said which group: the village's office stands in for a grid that is none."""

REPORTED, REPEATED, UNMATCHED = "shouwang.clue.reported.v1", "shouwang.clue.repeated.v1", "shouwang.clue.unmatched.v1"
REGISTERED, MERGED = "shouwang.household.registered.v1", "shouwang.household.merged.v1"


@dataclass(frozen=True, slots=True, repr=False)
class Reported:
    """One report, read and checked. `told` is the sealed part as JSON, `declarer` the blind index of phone and name,
    `phone` what the register's own phones are compared with; reports of one person within `attached_days` are one.
    Its repr shows nothing."""

    clue_id: UUID
    call_id: UUID
    cause: Literal["declaration", "clue"]
    channel: str
    named: Named
    born_on: date | None
    declarer: bytes | None
    region: str
    group: int
    concerns: tuple[str, ...]
    level: Level | None
    is_green: bool
    role: str
    by: str | None
    is_for_self: bool
    phone: str | None
    told: str
    display_name: str
    attached_days: int
    receipt: bytes | None = None
    phone_last4: bytes | None = None

    @property
    def provisional_id(self) -> UUID:
        return event_id(str(self.clue_id), "household")

    @property
    def grid(self) -> str:
        return grid_of(self.region, self.group)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was reported before, within the days that attach. `household_id` is the key under which it was told."""

    clue_id: UUID
    cause: str
    household_id: UUID
    matched_household_id: UUID | None
    reported_at: datetime
    is_withdrawn: bool
    display_name: str
    region: str
    grid: str


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a report is about, by the register and by what was reported before."""

    target: UUID | None
    seat: Seat | None
    earlier: tuple[Earlier, ...]
    progress: dict[UUID, tuple[Progress, ...]]
    is_own_phone: bool = False


@dataclass(frozen=True, slots=True)
class ClueRow:
    reported: Reported
    outcome: str
    household_id: UUID
    matched_household_id: UUID | None
    times: int
    has_code: bool
    region: str
    grid: str


@dataclass(frozen=True, slots=True)
class MatchRow:
    """A provisional household turned out to be a registered one."""

    household_id: UUID
    target: UUID
    seat: Seat


def office_key(region: str) -> str:
    """The key of a place's county, under which it is told of somebody whom nobody knows."""
    return f"office:{region[:6]}"


# ── deciding ────────────────────────────────────────────────────────────────────────────────────────────────────────


def report(state: State, reported: Reported, now: datetime) -> Decision:
    """The fact of one report, its row, and what its teller gets to know."""
    if reported.born_on is not None and reported.born_on > civil_date(now):
        return Decision(problem=born_in_future())
    found: Found = state["found", reported.clue_id]
    before = attached(found)
    household_id = before.household_id if before else found.target or reported.provisional_id
    matched = found.target or (before.matched_household_id if before else None)
    seat = found.seat or (Seat(before.region, before.grid, True) if before else None)
    region, grid = (seat.region, seat.grid) if seat else (reported.region, reported.grid)
    same = [one for one in found.earlier if one.household_id == household_id and not one.is_withdrawn]
    standing = [one for one in same if one.cause == reported.cause and not _is_decided(found, one)]
    is_new = before is None and matched is None
    type_ = REPEATED if standing else REPORTED
    outcome = DUPLICATE if standing else PARKED if matched is None else ACCEPTED
    first = standing[-1] if standing else None
    clue = _clue(reported, household_id, matched is not None, len(same) + 1, now)
    id_ = event_id(str(reported.clue_id), type_, household_id)
    emits = [
        Emit(
            "clue.reported", type_, str(household_id), id_, region, clue, grid=grid,
            correlation_id=reported_id(first.clue_id, household_id) if first else id_,
        )
    ]  # fmt: skip
    rows: list[Any] = []
    if is_new:
        emits += _unknown(reported, clue, id_)
    if before is not None and before.matched_household_id is None and found.target and found.seat:
        emits.append(merged(before, found.target))
        rows.append(MatchRow(before.household_id, found.target, found.seat))
    has_code = reported.is_for_self and (matched is None or found.is_own_phone)
    rows.append(ClueRow(reported, outcome, household_id, matched, clue.times, has_code, region, grid))
    answer = {
        "clue_id": str(reported.clue_id),
        "household": "matched" if matched else "unmatched",
        "is_repeat": bool(standing),
        "times": clue.times,
        "is_green": clue.is_green,
        "reported_at": now.isoformat(),
        "has_code": has_code,
    }
    return Decision(outcome, emits=emits, rows=rows, answer=answer)


def born_in_future() -> Problem:
    fault = {"field": "id_no", "code": "id_born_in_future", "message": "This number names a day that lies ahead."}
    return Problem(422, "invalid", "Some fields cannot be used: see errors.", (fault,))


def attached(found: Found) -> Earlier | None:
    """The report before this one under whose key it is told: of the same household, or by the same person."""
    for one in found.earlier:
        if found.target is None or one.matched_household_id in (None, found.target):
            return one
    return None


def _is_decided(found: Found, one: Earlier) -> bool:
    """Whether what was reported has had its answer since: then a new report begins anew."""
    case = of_report(found.progress.get(one.household_id, ()), one.reported_at)
    return case is not None and (case.state == "closed" or case.result == "refused")


def _clue(reported: Reported, household_id: UUID, is_matched: bool, times: int, now: datetime) -> Clue:
    return Clue(
        clue_id=reported.clue_id, household_id=household_id, is_matched=is_matched, cause=reported.cause,
        channel=reported.channel, concerns=reported.concerns, level=reported.level, is_green=reported.is_green,
        reported_at=now, reported_by_role=reported.role, times=times,
    )  # fmt: skip


def _unknown(reported: Reported, clue: Clue, cause: UUID) -> list[Emit]:
    """A household of its own for whoever is in no register, and a word to the county that a person must match it."""
    office = office_key(reported.region)
    house = provisional(clue.household_id, reported.display_name, reported.region, reported.grid)
    key = str(clue.household_id)
    return [
        Emit(
            "household.registered", REGISTERED, key, event_id(str(reported.clue_id), REGISTERED, key),
            reported.region, house, correlation_id=cause, causation_id=cause, grid=reported.grid,
        ),
        Emit(
            "clue.reported", UNMATCHED, office, event_id(str(reported.clue_id), UNMATCHED, office),
            reported.region, clue, correlation_id=cause, causation_id=cause,
        ),
    ]  # fmt: skip


def provisional(household_id: UUID, display_name: str, region: str, grid: str) -> Household:
    """The public state of a household that is in no register yet; its number is none of the national system's."""
    return Household(
        household_id=household_id, household_no=provisional_no(household_id), region=region, grid=grid,
        group=int(grid[-2:]), display_name=display_name, poverty_history="none", monitoring=Monitoring(status="none"),
        members=(), size=0,
    )  # fmt: skip


def provisional_no(household_id: UUID) -> str:
    return f"P-{household_id.hex[:12]}"


def merged(first: Earlier, target: UUID) -> Emit:
    """household.merged of a provisional household. `first` is any report told under it."""
    house = provisional(first.household_id, first.display_name, first.region, first.grid).model_copy(
        update={"status": "merged", "merged_into": target}
    )
    cause, key = reported_id(first.clue_id, first.household_id), str(first.household_id)
    return Emit(
        "household.registered", MERGED, key, event_id(key, MERGED, target), first.region, house,
        correlation_id=cause, causation_id=cause, grid=first.grid,
    )  # fmt: skip


def reported_id(clue_id: UUID, household_id: UUID) -> UUID:
    """The id of the fact with which a report's journey began."""
    return event_id(str(clue_id), REPORTED, household_id)


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def find_household(connection: asyncpg.Connection, reported: Reported, vault: Vault) -> Found:
    """Read first without a lock, for the keys, and again under the locks."""
    named = reported.named
    where = await register.load_whereabouts(connection, [named.person_id] if named.person_id else [])
    ids = {one.household_id for one in where.values()} | ({named.household_id} if named.household_id else set())
    seats = {
        row["household_id"]: Seat(row["region"], row["grid"], row["is_active"])
        for row in (await connection.fetch(identity.SQL.seats, list(ids)) if ids else ())
    }
    settled = identity.resolve(named, "", where.get, seats.get)
    target = settled.household_id if isinstance(settled, Target) else None
    provisional_id = named.household_id if named.household_id not in seats else None
    earlier = await _earlier(connection, reported, [id_ for id_ in (target, provisional_id) if id_])
    progress = await load_progress(connection, list({one.household_id for one in earlier}))
    is_own = bool(target and reported.is_for_self and reported.phone) and reported.phone in await _phones(
        connection, target, vault
    )
    return Found(target, seats.get(target) if target else None, earlier, progress, is_own)


async def _earlier(connection: asyncpg.Connection, reported: Reported, households: list[UUID]) -> tuple[Earlier, ...]:
    if reported.declarer is None and not households:
        return ()
    rows = await connection.fetch(SQL.earlier, reported.declarer, households, reported.attached_days, EARLIER_MAX)
    return tuple(Earlier(**row) for row in rows)


async def _phones(connection: asyncpg.Connection, household_id: UUID | None, vault: Vault) -> set[str]:
    """The phones that the register knows of a household, digits alone."""
    rows = await connection.fetch(SQL.phones, household_id)
    return {
        "".join(sign for sign in vault.open("persons", "phone", row["person_id"], row["phone"]) if sign.isdigit())
        for row in rows
    }


def keys_of_report(reported: Reported, found: Found) -> list[str]:
    """What must be locked: the household's key, and the person's, so that two reports at once see each other."""
    keys = {str(found.target or reported.provisional_id), *(str(one.household_id) for one in found.earlier)}
    if reported.declarer is not None:
        keys.add(f"declarer:{reported.declarer[:16].hex()}")
    if found.target is None:
        keys.add(office_key(reported.region))
    return sorted(keys)


async def insert_clue(connection: asyncpg.Connection, row: ClueRow, vault: Vault, now: datetime) -> None:
    one = row.reported
    await connection.execute(
        SQL.insert, one.clue_id, one.call_id, one.cause, one.channel, row.outcome, row.household_id,
        row.matched_household_id, one.named.person_id, one.named.household_id, one.declarer, one.receipt,
        one.phone_last4, list(one.concerns), one.level, one.is_green, now, one.role, one.by, row.times, row.has_code,
        vault.seal("clues", "told", one.clue_id, one.told), one.display_name, row.region, row.grid,
    )  # fmt: skip


async def save_matches(connection: asyncpg.Connection, rows: Sequence[MatchRow]) -> None:
    for row in rows:
        await connection.execute(SQL.match, row.household_id, row.target, row.seat.region, row.seat.grid)
