"""Supervisions: three days after a limit the office above asks in writing, the late one answers, the one above closes.

A written answer is required, only the supervisor closes, nothing closes by
itself, not even when the task is done meanwhile. Opened by the alarm alone; answers and closures are people's calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from services.workflow import history
from services.workflow.history import Step
from services.workflow.rows import packed
from shared.access.tokens import Caller
from shared.contracts.envelope import event_id
from shared.contracts.types import IN_VILLAGES, Text
from shared.domain.division import is_village_open
from shared.messaging.room import Decided, Decision, Input, Problem, State, Unit
from shared.postgres import queries

SQL = queries(__file__)

ANSWER, CLOSE = "POST /v1/supervisions/answers", "POST /v1/supervisions/closures"
ANSWERS_MAX = 50
"""A supervisor who is not content asks again; a correspondence beyond this one is held elsewhere."""

SUPERVISED_BY = {
    "village_group": 9,
    "village_committee": 9,
    "village_return": 9,
    "township": 6,
    "township_return": 6,
    "county": 4,
    "department": 4,
}
"""Digits of the office one level up: the township over its villages, the county over it, the city over the county."""

NOT_FOUND = Problem(404, "not_found", "There is no such supervision in your area.")
CLOSED = Problem(409, "supervision_closed", "This supervision has been closed.")
NOT_ANSWERED = Problem(
    409, "not_answered", "The office has not answered in writing yet: wait for its answer, then close."
)
SAME_PERSON = Problem(
    403, "same_person", "Whoever answered does not close it: another person of the office above does."
)
TOO_MANY = Problem(409, "too_many_answers", "There are 50 answers: the supervisor closes it now.")


class Writing(BaseModel):
    """The body of an answer or a closure."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    text: Annotated[Text, Field(min_length=1, pattern=r"\S")]


@dataclass(frozen=True, slots=True)
class Supervision:
    """`office` is late, `supervisor` the one above it; `cause_id` the last thing that happened to it.

    `step` is its place's own, and no column of the supervision.
    """

    supervision_id: UUID
    place_id: UUID
    case_id: UUID
    household_id: UUID
    hop: str
    step: str
    round: int
    branch: str
    office: str
    supervisor: str
    level: str
    state: Literal["open", "answered", "closed"]
    due_at: datetime
    opened_at: datetime
    answered_by: tuple[str, ...]
    closed_at: datetime | None
    closed_by: str | None
    cause_id: UUID
    region: str
    grid: str | None


@dataclass(frozen=True, slots=True)
class Statement:
    event_id: UUID
    supervision_id: UUID
    case_id: UUID
    household_id: UUID
    number: int
    at: datetime
    kind: Literal["answer", "closure"]
    text: str
    officer_id: str
    role: str
    region: str
    grid: str | None


@dataclass(frozen=True, slots=True)
class Letter:
    """What a person writes to one supervision; `name` is who writes."""

    supervision_id: UUID
    caller: Caller
    name: str
    text: str


def supervision_id(deadline_id: UUID) -> UUID:
    return event_id(str(deadline_id), "supervision")


def supervisor_of(hop: str, region: str) -> str:
    """The office one level above the one that acts at a hop: at the village's, the township where no village is known,
    and the county above it."""
    is_township = hop in IN_VILLAGES and is_village_open(region)
    return region[: SUPERVISED_BY["township" if is_township else hop]]


def office_of(caller: Caller) -> str:
    """The office for which a person acts: the grid's group, the county's department, else that of the place."""
    match caller.role:
        case "grid_worker" | "group_leader":
            return caller.grid
        case "department":
            return f"{caller.region[:6]}-{caller.department}"
        case _:
            return caller.region


def answers_for(caller: Caller, one: Supervision) -> bool:
    """The late office; its village where the group is late, as it stands in for it at its task."""
    stands_in = one.hop == "village_group" and caller.role in ("village", "resident_team")
    return office_of(caller) == one.office or (stands_in and caller.region == one.region)


def asked_of(caller: Caller, one: Supervision) -> Literal["answer", "closure"] | None:
    """What a supervision waits for from this caller."""
    if one.state == "open" and answers_for(caller, one):
        return "answer"
    return "closure" if one.state == "answered" and office_of(caller) == one.supervisor else None


# ── calls ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _OfSupervision:
    """The household of a supervision is looked up first without a lock, and the supervision read under it."""

    looks_up_keys = True

    async def keys(self, connection: asyncpg.Connection, inputs: Sequence[Input]) -> Sequence[Sequence[str]]:
        rows = await connection.fetch(SQL.households_of, [input.body.supervision_id for input in inputs])
        found = {row["supervision_id"]: str(row["household_id"]) for row in rows}
        return [(found[id_],) if (id_ := input.body.supervision_id) in found else () for input in inputs]

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        rows = await unit.connection.fetch(SQL.read, [input.body.supervision_id for input in inputs])
        return {("supervision", row["supervision_id"]): supervision(row) for row in rows}

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        rows = [row for one in decided for row in one.decision.rows]
        if changed := [row for row in rows if isinstance(row, Supervision)]:
            await unit.connection.execute(SQL.change, packed(changed))
        if written := [row for row in rows if isinstance(row, Statement)]:
            await unit.connection.execute(SQL.append_statements, packed(written))
        await history.append(unit.connection, [row for row in rows if isinstance(row, Step)])


class Answering(_OfSupervision):
    """The late office's written answer. A further one is taken until it is closed."""

    topic = ANSWER

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        ask: Letter = input.body
        one: Supervision | None = state.get(("supervision", ask.supervision_id))
        if one is None or (ask.caller.role == "department" and not answers_for(ask.caller, one)):
            return Decision(problem=NOT_FOUND)
        if not answers_for(ask.caller, one):
            return Decision(problem=Problem(403, "forbidden", f"The office {one.office} answers this one."))
        if one.state == "closed":
            return Decision(problem=CLOSED)
        if len(one.answered_by) >= ANSWERS_MAX:
            return Decision(problem=TOO_MANY)
        return _written(replace(one, state="answered", answered_by=(*one.answered_by, ask.name)), "answer", ask, now)


class Closing(_OfSupervision):
    """Only the office above, never before an answer, never by who answered."""

    topic = CLOSE

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        ask: Letter = input.body
        one: Supervision | None = state.get(("supervision", ask.supervision_id))
        if one is None:
            return Decision(problem=NOT_FOUND)
        if office_of(ask.caller) != one.supervisor:
            return Decision(problem=Problem(403, "forbidden", f"The office {one.supervisor} closes this one."))
        if one.state == "closed":
            return Decision(problem=CLOSED)
        if one.state == "open":
            return Decision(problem=NOT_ANSWERED)
        if ask.name in one.answered_by:
            return Decision(problem=SAME_PERSON)
        return _written(replace(one, state="closed", closed_at=now, closed_by=ask.name), "closure", ask, now)


def _written(one: Supervision, kind: Literal["answer", "closure"], ask: Letter, now: datetime) -> Decision:
    number = len(one.answered_by) + (kind == "closure")
    word = "answered" if kind == "answer" else "closed"
    id_ = event_id(str(one.supervision_id), kind, number)
    statement = Statement(
        event_id=id_,
        supervision_id=one.supervision_id,
        case_id=one.case_id,
        household_id=one.household_id,
        number=number,
        at=now,
        kind=kind,
        text=ask.text,
        officer_id=ask.name,
        role=ask.caller.role,
        region=one.region,
        grid=one.grid,
    )
    answer = {"supervision_id": str(one.supervision_id), "case_id": str(one.case_id), "state": one.state}
    rows = (replace(one, cause_id=id_), statement, _step(one, f"supervision.{word}", statement))
    return Decision(word=word, rows=rows, answer=answer)


def _step(one: Supervision, type_: str, statement: Statement) -> Step:
    return Step(
        event_id=statement.event_id,
        cause_id=one.cause_id,
        case_id=one.case_id,
        household_id=one.household_id,
        at=statement.at,
        type=type_,
        region=one.region,
        grid=one.grid,
        hop=one.hop,
        step=one.step,
        round=one.round,
        branch=one.branch,
        office=one.office,
        level=one.level,
        due_at=one.due_at,
        officer_id=statement.officer_id,
        role=statement.role,
    )


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def add(connection: asyncpg.Connection, opened: Sequence[Supervision]) -> None:
    """Under the households' locks, by the alarm."""
    await connection.execute(SQL.add, packed(opened))


def supervision(row: asyncpg.Record) -> Supervision:
    """A row as its record."""
    given = {name: row[name] for name in Supervision.__dataclass_fields__}
    return Supervision(**given | {"answered_by": tuple(row["answered_by"])})


async def supervisions_of(
    connection: asyncpg.Connection,
    caller: Caller,
    state: str | None,
    office: str | None,
    after: tuple[datetime, UUID],
    limit: int,
    department: str | None = None,
) -> list[dict[str, Any]]:
    """A page of supervisions with what was written to each, and what each asks of the caller (`asks`). A department
    sees those of its own branches."""
    rows = await connection.fetch(SQL.list, state, office, *after, limit, department)
    written = await connection.fetch(SQL.statements_of, [row["supervision_id"] for row in rows])
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in written:
        statement = dict(row)
        found.setdefault(statement.pop("supervision_id"), []).append(statement)
    return [_shown(row, caller, found.get(row["supervision_id"], [])) for row in rows]


def _shown(row: asyncpg.Record, caller: Caller, statements: list[dict[str, Any]]) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name not in ("place_id", "answered_by", "cause_id")}
    return shown | {"statements": statements, "asks": asked_of(caller, supervision(row))}
