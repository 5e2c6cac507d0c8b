"""Offices, grids and the people responsible for them, loaded by a steward or the demo and told as `officer.assigned`.

Method 6: one grid, one worker, one deputy; a grid without a worker is allowed and falls to its village. Full names stay
in this service's own table; facts carry the masked one and a reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from services.workflow.rows import packed
from shared.access.roles import Role
from shared.access.tokens import Caller
from shared.contracts.envelope import event_id
from shared.contracts.officer import Assignment
from shared.contracts.types import Grid, Region, Word
from shared.messaging.room import Decided, Decision, Emit, Input, Problem, State, Unit
from shared.postgres import queries

SQL = queries(__file__)

ROWS_MAX = 5000
UPLOAD = "POST /v1/officers"
ASSIGNED, RELIEVED = "shouwang.officer.assigned.v1", "shouwang.officer.relieved.v1"

OfficeId = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,64}$")]
OfficerKey = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,40}$")]
Posts = Literal["worker", "deputy", "leader", "member"]


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Naming(_Given):
    zh: Word
    en: Word


class Office(_Given):
    office_id: OfficeId
    kind: Literal["village_group", "village_committee", "township", "county", "department"]
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
    """One person's post at an office."""

    officer_id: str
    office_id: str
    post: str


@dataclass(frozen=True, slots=True)
class Upload:
    """What is decided on: who calls, and what was given."""

    caller: Caller
    register: Register


async def posts_of(connection: asyncpg.Connection, offices: Sequence[str]) -> list[Post]:
    """Everybody responsible at these offices now, the longest there first."""
    rows = await connection.fetch(SQL.posts_of, list(offices))
    return [Post(row["officer_id"], row["office_id"], row["post"]) for row in rows]


class Officers:
    """The upload as a call of the unit of work: the rows, and a fact for every assignment that changed."""

    topic = UPLOAD
    looks_up_keys = True

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        """The offices named, and those where the same people are assigned until now."""
        found = []
        for input in inputs:
            officers = input.body.register.officers
            rows = await connection.fetch(SQL.assignments_of, [one.officer_id for one in officers])
            offices = {one.office_id for one in officers} | {row["office_id"] for row in rows}
            found.append(sorted(f"office:{one}" for one in offices))
        return found

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        register = inputs[0].body.register
        ids = [one.officer_id for one in register.officers]
        offices = list({one.office_id for one in register.officers})
        return {
            "offices": {row["office_id"]: row for row in await unit.connection.fetch(SQL.offices_of, offices)},
            "assignments": [dict(row) for row in await unit.connection.fetch(SQL.assignments_of, ids)],
        }

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        upload: Upload = input.body
        register = upload.register
        wrong = _wrong(upload, state["offices"])
        if wrong:
            return Decision(problem=Problem(422, "invalid", "Some rows cannot be used: see errors.", tuple(wrong)))
        known = state["offices"] | {one.office_id: _row(one) for one in register.offices}
        before = {(one["officer_id"], one["office_id"]): one for one in state["assignments"]}
        emits, relieved = [], []
        for officer in register.officers:
            assignment = _assignment(officer, known[officer.office_id])
            old = before.get((officer.officer_id, officer.office_id))
            if old is None or _told(old) != assignment:
                emits.append(_emit(assignment, RELIEVED if officer.until else ASSIGNED, now))
            for key, elsewhere in before.items():
                if key[0] == officer.officer_id and key[1] != officer.office_id and elsewhere["until"] is None:
                    relieved.append(key)
                    gone = _told(elsewhere).model_copy(update={"until": officer.since})
                    emits.append(_emit(gone, RELIEVED, now))
        counts = {"offices": len(register.offices), "grids": len(register.grids), "officers": len(register.officers)}
        return Decision(emits=emits, rows=(register, tuple(relieved)), answer=counts | {"changed": len(emits)})

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        for one in decided:
            register, relieved = one.decision.rows
            await _save(unit.connection, register, relieved)


async def _save(connection: asyncpg.Connection, register: Register, relieved: Sequence[tuple[str, str]]) -> None:
    if relieved:
        people, offices = [one[0] for one in relieved], [one[1] for one in relieved]
        since = {one.officer_id: one.since for one in register.officers}
        await connection.execute(SQL.relieve, people, offices, [since[one] for one in people])
    for query, rows in (
        (SQL.put_offices, [_row(one) for one in register.offices]),
        (SQL.put_grids, [one.model_dump(mode="json") for one in register.grids]),
        (SQL.put_officers, [one.model_dump(mode="json") for one in register.officers]),
        (SQL.put_assignments, [one.model_dump(mode="json") for one in register.officers]),
    ):
        if rows:
            await connection.execute(query, packed(rows))


def _wrong(upload: Upload, offices: dict[str, Any]) -> list[dict[str, str]]:
    """What a schema cannot say: nothing twice, nothing outside the caller's place, no officer without an office."""
    found: list[dict[str, str]] = []
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
                found.append(_error(f"{name}.{at}.{key}", "twice", "This id stands twice: keep one of the rows."))
            seen.add(id_)
            if not caller.region_from <= one.region <= caller.region_to:
                found.append(_error(f"{name}.{at}.region", "outside_your_area", "This place lies outside your area."))
    known = offices.keys() | {one.office_id for one in register.offices}
    for at, officer in enumerate(register.officers):
        if officer.office_id not in known:
            found.append(_error(f"officers.{at}.office_id", "no_such_office", "Give this office too, in `offices`."))
    return found[:50]


def _error(field: str, code: str, message: str) -> dict[str, str]:
    return {"field": field, "code": code, "message": message}


def _row(office: Office) -> dict[str, str]:
    return {
        "office_id": office.office_id,
        "kind": office.kind,
        "name_zh": office.name.zh,
        "name_en": office.name.en,
        "region": office.region,
    }


def _assignment(officer: Officer, office: Any) -> Assignment:
    return Assignment(
        office_id=officer.office_id,
        office_kind=office["kind"],
        office_zh=office["name_zh"],
        office_en=office["name_en"],
        officer_id=officer.officer_id,
        display_name=officer.display_name,
        role=officer.role,
        capacity=officer.capacity,
        post=officer.post,
        region=officer.region,
        grid=officer.grid,
        since=officer.since,
        until=officer.until,
    )


def _told(row: Any) -> Assignment:
    """What was told of an assignment as it stands in the table."""
    names = {"office_kind": row["kind"], "office_zh": row["name_zh"], "office_en": row["name_en"]}
    given = {name: row[name] for name in Assignment.model_fields if name in row}
    return Assignment(**given | names)


def _emit(assignment: Assignment, type_: str, now: datetime) -> Emit:
    """Its id names the moment: the same assignment may be told again later, after a change back."""
    key = f"office:{assignment.office_id}"
    return Emit(
        topic="officer.assigned",
        type=type_,
        key=key,
        id=event_id(key, type_, assignment.officer_id, now.isoformat()),
        region=assignment.region,
        data=assignment,
        grid=assignment.grid,
    )
