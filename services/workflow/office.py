"""Offices, grids and the people responsible for them, loaded by a steward or the demo and told as `officer.assigned`.

Method 6: one grid, one worker, one deputy; a grid without a worker is allowed and falls to its village. Full names stay
in this service's own table; facts carry the masked one and a reference. What a change does to whoever was there before
is decided in `roster.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from services.workflow import roster
from services.workflow.roster import Leave, OfficeNamed, Person, Roster, Stay
from services.workflow.rows import packed
from shared.access.roles import Role
from shared.access.tokens import Caller
from shared.contracts.officer import OfficeKind
from shared.contracts.types import Grid, Region, Word
from shared.domain.calendar import day_of
from shared.messaging.room import Decided, Decision, Input, Problem, State, Unit
from shared.postgres import queries

SQL = queries(__file__)

ROWS_MAX = 5000
UPLOAD = "POST /v1/officers"

OfficeId = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
"""A place's code, a grid, or a department's: `341221-medical_insurance`."""
OfficerKey = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,40}$")]
Posts = Literal["worker", "deputy", "leader", "member"]


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Naming(_Given):
    zh: Word
    en: Word


class Office(_Given):
    office_id: OfficeId
    kind: OfficeKind
    region: Region
    name: Naming


class GridGiven(_Given):
    grid: Grid
    region: Region
    office_id: OfficeId


class Officer(_Given):
    officer_id: OfficerKey
    name: Word
    display_name: Word
    role: Role
    region: Region
    grid: Grid | None = None
    office_id: OfficeId
    capacity: Literal["handler", "reviewer", "approver"] | None = None
    post: Posts
    since: date
    until: date | None = None


class Register(_Given):
    """One upload: offices, grids and officers of a place. Repeating it changes nothing and tells nothing."""

    offices: Annotated[tuple[Office, ...], Field(max_length=ROWS_MAX)] = ()
    grids: Annotated[tuple[GridGiven, ...], Field(max_length=ROWS_MAX)] = ()
    officers: Annotated[tuple[Officer, ...], Field(max_length=ROWS_MAX)] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """One person's post at an office, or for a grid. With `stands_in_for` it is that person's, who is on leave."""

    officer_id: str
    office_id: str
    post: str
    stands_in_for: str | None = None
    since: date | None = None
    until: date | None = None
    grid: str | None = None

    def is_held_on(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Upload:
    """What is decided on: who calls, and what was given."""

    caller: Caller
    register: Register


async def posts_of(connection: asyncpg.Connection, offices: Sequence[str], day: date | None = None) -> list[Post]:
    """Everybody responsible at these offices today, or on a day, the longest there first.

    Whoever is on leave is left out; the deputy named with the leave, or else the grid's own, stands in his post.
    """
    rows = await connection.fetch(SQL.posts_of, list(offices), day)
    return [Post(**dict(row)) for row in rows]


def stands_in_for(posts: Iterable[Post], officer_id: str, day: date) -> frozenset[str]:
    """Those on leave in whose post this officer acts on a day: a task in their hands may be taken over."""
    held = (one for one in posts if one.officer_id == officer_id and one.is_held_on(day))
    return frozenset(one.stands_in_for for one in held if one.stands_in_for is not None)


async def read_roster(
    connection: asyncpg.Connection,
    officers: Iterable[str] = (),
    offices: Iterable[str] = (),
    grids: Iterable[str] = (),
) -> Roster:
    """These people with all their stays, and everybody in post or to come at these offices and grids."""
    ids, places, named = sorted(set(officers)), sorted(set(offices)), sorted(set(grids))
    found = await connection.fetch(SQL.stays_of, ids, places, named)
    stays = [Stay(**dict(row)) for row in found]
    at = sorted({*places, *(one.office_id for one in stays)})
    leaves = [
        Leave(**dict(row)) for row in await connection.fetch(SQL.leaves_of, sorted({one.officer_id for one in stays}))
    ]
    people = sorted({*ids, *(one.officer_id for one in stays), *(one.deputy_id for one in leaves if one.deputy_id)})
    return Roster(
        offices={row["office_id"]: OfficeNamed(**dict(row)) for row in await connection.fetch(SQL.offices_of, at)},
        people={row["officer_id"]: Person(**dict(row)) for row in await connection.fetch(SQL.people_of, people)},
        stays={one.key: one for one in stays},
        leaves=tuple(leaves),
    )


async def keys_of(
    connection: asyncpg.Connection, officers: Iterable[str], offices: Iterable[str] = (), grids: Iterable[str] = ()
) -> list[str]:
    """The keys of these offices, and of those where these people, and these grids' holders, are in post."""
    rows = await connection.fetch(SQL.offices_at, sorted(set(officers)), sorted(set(grids)))
    return sorted(f"office:{one}" for one in {*offices, *(row["office_id"] for row in rows)})


async def write_stays(connection: asyncpg.Connection, before: Roster, after: Roster) -> None:
    """The stays that a change made or ended; the database keeps what it replaces."""
    changed = [one for key, one in after.stays.items() if before.stays.get(key) != one]
    if changed:
        await connection.execute(SQL.put_assignments, packed(changed))


class Officers:
    """The upload as a call of the unit of work: the rows, and a fact for every assignment that changed."""

    topic = UPLOAD
    looks_up_keys = True

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        """The offices named, and those where the same people are assigned until now."""
        found = []
        for input in inputs:
            officers = input.body.register.officers
            offices = {one.office_id for one in officers}
            found.append(await keys_of(connection, [one.officer_id for one in officers], offices, _grids(officers)))
        return found

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        officers = inputs[0].body.register.officers
        ids, offices = [one.officer_id for one in officers], {one.office_id for one in officers}
        return {("roster",): await read_roster(unit.connection, ids, offices, _grids(officers))}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        upload: Upload = input.body
        register, before = upload.register, state["roster",]
        wrong = _wrong(upload, before.offices)
        if wrong:
            return Decision(problem=Problem(422, "invalid", "Some rows cannot be used: see errors.", tuple(wrong)))
        after = Roster(
            before.offices | {one.office_id: _office(one) for one in register.offices},
            before.people | {one.officer_id: _person(one) for one in register.officers},
            roster.appointed(before.stays, [_stay(one) for one in register.officers]),
            before.leaves,
        )
        # An office's new name alone is told with the next change of its people.
        emits = roster.facts_of(before, after, now, day_of(now))
        counts = {"offices": len(register.offices), "grids": len(register.grids), "officers": len(register.officers)}
        return Decision(emits=emits, rows=(register, before, after), answer=counts | {"changed": len(emits)})

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        for one in decided:
            register, before, after = one.decision.rows
            for query, rows in (
                (SQL.put_offices, [_row(one) for one in register.offices]),
                (SQL.put_grids, [one.model_dump(mode="json") for one in register.grids]),
                (SQL.put_officers, [one.model_dump(mode="json") for one in register.officers]),
            ):
                if rows:
                    await unit.connection.execute(query, packed(rows))
            await write_stays(unit.connection, before, after)


def _grids(officers: Sequence[Officer]) -> set[str]:
    return {one.grid for one in officers if one.grid}


def _wrong(upload: Upload, offices: dict[str, Any]) -> list[dict[str, str]]:
    """What a schema cannot say: nothing twice, nothing outside the caller's place, no officer without an office."""
    found: list[dict[str, str]] = []
    held: set[tuple[str, str]] = set()
    register, caller = upload.register, upload.caller
    given: tuple[tuple[str, Sequence[Office | GridGiven | Officer], str], ...] = (
        ("offices", register.offices, "office_id"),
        ("grids", register.grids, "grid"),
        ("officers", register.officers, "officer_id"),
    )
    for name, rows, key in given:
        seen: set[str] = set()
        for at, one in enumerate(rows):
            id_ = getattr(one, key)
            if id_ in seen:
                found.append(field_error(f"{name}.{at}.{key}", "twice", "This id stands twice: keep one of the rows."))
            seen.add(id_)
            if not caller.region_from <= one.region <= caller.region_to:
                found.append(
                    field_error(f"{name}.{at}.region", "outside_your_area", "This place lies outside your area.")
                )
    for at, officer in enumerate(register.officers):
        if officer.until is not None and officer.until < officer.since:
            found.append(field_error(f"officers.{at}.until", "before_since", "A post cannot end before it begins."))
        if officer.grid and officer.post in roster.ONE_EACH and officer.until is None:
            if (officer.grid, officer.post) in held:
                found.append(field_error(f"officers.{at}.post", "one_each", "A grid has one worker and one deputy."))
            held.add((officer.grid, officer.post))
    known = offices.keys() | {one.office_id for one in register.offices}
    for at, officer in enumerate(register.officers):
        if officer.office_id not in known:
            found.append(
                field_error(f"officers.{at}.office_id", "no_such_office", "Give this office too, in `offices`.")
            )
    return found[:50]


def field_error(field: str, code: str, message: str) -> dict[str, str]:
    """One thing that is wrong in a call's body, as a problem lists it."""
    return {"field": field, "code": code, "message": message}


def _row(office: Office) -> dict[str, str]:
    return {
        "office_id": office.office_id,
        "kind": office.kind,
        "name_zh": office.name.zh,
        "name_en": office.name.en,
        "region": office.region,
    }


def _office(office: Office) -> OfficeNamed:
    return OfficeNamed(**_row(office))  # type: ignore[arg-type]


def _person(one: Officer) -> Person:
    return Person(one.officer_id, one.display_name, one.role, one.capacity, one.region, one.grid)


def _stay(one: Officer) -> Stay:
    return Stay(one.officer_id, one.office_id, one.post, one.since, one.until, one.region, one.grid)
