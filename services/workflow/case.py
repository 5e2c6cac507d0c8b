"""A case: one household's way through the hops, with all that stands on it now. Read and written as one file.

Pure records, and the two functions that bring a household's open case from the database and its changes back.
Carries out method 6: one household, one open case, however many warnings.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Literal, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import orjson
from msgspec.structs import replace

from services.workflow import history
from services.workflow.deadline import Deadline
from services.workflow.history import Step, Told
from services.workflow.outcome import Proposal, Result
from services.workflow.route import Stop
from services.workflow.rows import Statements, written
from services.workflow.task import Task
from shared.contracts.envelope import event_id
from shared.contracts.types import Hop, Level
from shared.messaging.room import Decided, Emit
from shared.postgres import queries

SQL = queries(__file__)


class Case(msgspec.Struct, frozen=True):
    """`explanation` is the newest warning's, in both grades; `is_confirmed`: a person confirmed any difficulty.

    `ends` are the instants at which the totals over several hops run out, `returned_by` the steps that have sent it
    back on this way, `declined` the departments that have, `refused_by` who proposed and signed a refusal, `stood_back`
    who is a relative and acts no more, `is_noticed` whether the public notice has been held.
    """

    case_id: UUID
    household_id: UUID
    state: Literal["open", "tracking", "closed"]
    level: Level
    cause: Literal["declaration", "clue", "finding", "opinion"]
    policy: str
    route: tuple[Stop, ...]
    concerns: tuple[str, ...]
    explanation: Mapping[str, Any]
    warning_ids: tuple[UUID, ...]
    withdrawn_ids: tuple[UUID, ...]
    is_confirmed: bool
    is_green: bool
    is_noticed: bool
    result: Result | None
    departments: tuple[str, ...]
    declined: tuple[str, ...]
    rounds: int
    returned_by: tuple[str, ...]
    refused_by: tuple[str, ...]
    stood_back: tuple[str, ...]
    pauses: int
    appeals: int
    appeal_until: date | None
    ends: Mapping[str, datetime]
    clock_started_at: datetime
    journey_due_at: datetime
    opened_at: datetime
    closed_at: datetime | None
    closed_because: str | None
    correlation_id: UUID
    region: str
    grid: str | None

    @property
    def live_warnings(self) -> frozenset[UUID]:
        return frozenset(self.warning_ids) - frozenset(self.withdrawn_ids)

    @property
    def declared_at(self) -> datetime | None:
        return self.clock_started_at if self.cause == "declaration" else None


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a case is: at one step of a hop, in one round.

    `cause_id` is the last fact told of it; lateness is the alarm's. `prepared_by` decided the step before in the same
    hop, and proposed `proposal` for `proposal_reason`; another one signs it.
    """

    place_id: UUID
    case_id: UUID
    household_id: UUID
    hop: Hop
    step: str
    round: int
    branch: str
    is_main: bool
    state: Literal["on_its_way", "open", "tracking", "ended"]
    office: str
    from_hop: Hop | None
    level: Level
    lateness: str
    concerns: tuple[str, ...]
    warning_id: UUID | None
    task_id: UUID | None
    prepared_by: str | None
    proposal: Proposal | None
    proposal_reason: str | None
    planned_on: date | None
    notice_until: date | None
    paused_at: datetime | None
    paused_until: datetime | None
    sent_at: datetime
    due_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    ended_as: str | None
    cause_id: UUID
    region: str
    grid: str | None


def place_id(case_id: UUID, hop: str, step: str, round_: int, branch: str) -> UUID:
    return event_id(str(case_id), "place", hop, step, round_, branch)


class CaseFile(msgspec.Struct, frozen=True):
    """An open case with its live places, open tasks and running deadlines; and, in a decision, what it ended."""

    case: Case
    places: tuple[Place, ...] = ()
    tasks: tuple[Task, ...] = ()
    deadlines: tuple[Deadline, ...] = ()

    @property
    def live(self) -> tuple[Place, ...]:
        return tuple(one for one in self.places if one.state != "ended")

    @property
    def main(self) -> Place:
        return next(one for one in self.live if one.is_main)

    def at(self, hop: str, step: str, round_: int, branch: str) -> Place | None:
        asked = (hop, step, round_, branch)
        return next((one for one in self.live if (one.hop, one.step, one.round, one.branch) == asked), None)

    def place(self, place_id: UUID) -> Place:
        """A place as this file has it, live or ended in this decision."""
        return next(one for one in self.places if one.place_id == place_id)

    def task_of(self, place: Place) -> Task | None:
        return next((one for one in self.tasks if one.place_id == place.place_id), None)

    def deadline_of(self, place: Place) -> Deadline | None:
        return next((one for one in self.deadlines if one.place_id == place.place_id), None)

    def put(self, *things: Case | Place | Task | Deadline | None) -> "CaseFile":
        """The file with these in the place of what had their ids."""
        file = self
        for thing in things:
            match thing:
                case Case():
                    file = replace(file, case=thing)
                case Place():
                    file = replace(file, places=_put(file.places, thing, "place_id"))
                case Task():
                    file = replace(file, tasks=_put(file.tasks, thing, "task_id"))
                case Deadline():
                    file = replace(file, deadlines=_put(file.deadlines, thing, "deadline_id"))
        return file


class Move(msgspec.Struct, frozen=True):
    """What becomes of a case: its file from now on, the facts to emit and the steps of its history, in order."""

    file: CaseFile
    emits: tuple[Emit, ...] = ()
    steps: tuple[Step, ...] = ()
    word: str = ""

    def then(self, other: "Move") -> "Move":
        return Move(other.file, self.emits + other.emits, self.steps + other.steps, other.word or self.word)


One = TypeVar("One")


def _put(things: tuple[One, ...], thing: One, key: str) -> tuple[One, ...]:
    id_ = getattr(thing, key)
    for at, one in enumerate(things):
        if getattr(one, key) == id_:
            return (*things[:at], thing, *things[at + 1 :])
    return (*things, thing)


# ── from the database and back ──────────────────────────────────────────────────────────────────────────────────


async def read_files(connection: asyncpg.Connection, households: Iterable[UUID]) -> dict[UUID, CaseFile]:
    """Household → the file of its open case. Call it under the households' locks."""
    ids = sorted(set(households))
    rows = await connection.fetch(SQL.read_files, ids) if ids else []
    return {row["household_id"]: file_of(row) for row in rows}


def file_of(row: asyncpg.Record) -> CaseFile:
    """A case's row with its `places`, `tasks` and `deadlines` as arrays of theirs."""
    return CaseFile(
        case_of(row),
        tuple(record(Place, one) for one in row["places"]),
        tuple(record(Task, one) for one in row["tasks"]),
        tuple(record(Deadline, one) for one in row["deadlines"]),
    )


async def read_refused(connection: asyncpg.Connection, households: Iterable[UUID]) -> list[CaseFile]:
    """The files of these households' cases that were refused and closed, the last one first: what an appeal takes up
    again."""
    ids = sorted(set(households))
    return [CaseFile(case_of(row)) for row in await connection.fetch(SQL.read_refused, ids)] if ids else []


async def move_files(connection: asyncpg.Connection, before: Iterable[CaseFile], after: Iterable[CaseFile]) -> None:
    """Write whose these cases are and where they stand, if that is another one now; all else `write_files` does."""
    known = {one.case.case_id: _stands(one.case) for one in before}
    newest = {one.case.case_id: _stands(one.case) for one in after}
    moved = [(case_id, *where) for case_id, where in newest.items() if known[case_id] != where]
    if moved:
        await connection.execute(SQL.move_cases, *map(list, zip(*moved, strict=True)))


def _stands(case: Case) -> tuple[UUID, str, str | None]:
    return case.household_id, case.region, case.grid


async def write_files(connection: asyncpg.Connection, before: Iterable[CaseFile], decided: Sequence[Decided]) -> None:
    """Write what decisions changed, in one statement. Their rows are files (the last of a case counts), steps and told
    forms."""
    made = [row for one in decided for row in one.decision.rows]
    rows: dict[str, list[Any]] = defaultdict(list)
    known = {one.case.case_id: one for one in before}
    for file in {row.case.case_id: row for row in made if isinstance(row, CaseFile)}.values():
        _compare(known.get(file.case.case_id), file, rows)
    rows["append_steps"] += (row for row in made if isinstance(row, Step))
    rows["append_decisions"] += (row for row in made if isinstance(row, Told))
    await written(connection, STATEMENTS, rows)


STATEMENTS: Statements = {
    "change_cases": SQL.change_cases,
    "end_places": SQL.end_places,
    "change_places": SQL.change_places,
    "change_tasks": SQL.change_tasks,
    "change_deadlines": SQL.change_deadlines,
    "add_cases": SQL.add_cases,
    "add_places": SQL.add_places,
    "add_tasks": SQL.add_tasks,
    "add_deadlines": SQL.add_deadlines,
    **history.STATEMENTS,
}


def _compare(before: CaseFile | None, after: CaseFile, rows: dict[str, list[Any]]) -> None:
    """Sort what is new or other in a file under the statements that write it."""
    case = after.case
    if before is None:
        rows["add_cases"].append(case)
    elif before.case != case:
        is_told = before.case.explanation != case.explanation
        rows["change_cases"].append(replace(case, route=(), explanation=case.explanation if is_told else None))
    old: dict[UUID, Place | Task | Deadline] = {}
    if before is not None:
        old.update((one.place_id, one) for one in before.places)
        old.update((one.task_id, one) for one in before.tasks)
        old.update((one.deadline_id, one) for one in before.deadlines)
    for place in after.places:
        if place.place_id not in old:
            rows["add_places"].append(place)
        elif old[place.place_id] != place:
            rows["end_places" if place.state == "ended" else "change_places"].append(place)
    for task in after.tasks:
        if task.task_id not in old:
            rows["add_tasks"].append(task)
        elif old[task.task_id] != task:
            rows["change_tasks"].append(task)
    for deadline in after.deadlines:
        if deadline.deadline_id not in old:
            rows["add_deadlines"].append(deadline)
        elif old[deadline.deadline_id] != deadline:
            rows["change_deadlines"].append(deadline)


Record = TypeVar("Record", Place, Task, Deadline)

_COLUMNS = {kind: itemgetter(*kind.__struct_fields__) for kind in (Case, Place, Task, Deadline)}


def record(kind: type[Record], row: asyncpg.Record) -> Record:
    """A row as the frozen record of its table."""
    return kind(*map(_frozen, _COLUMNS[kind](row)))


def case_of(row: asyncpg.Record) -> Case:
    """A row of `cases` as its record."""
    found = Case(*map(_frozen, _COLUMNS[Case](row)))
    ends = {code: datetime.fromisoformat(at) for code, at in orjson.loads(row["ends"]).items()}
    return replace(found, explanation=orjson.loads(row["explanation"]), route=_route(row["route"]), ends=ends)


_STOP = tuple(one.name for one in fields(Stop))


@lru_cache(maxsize=64)
def _route(written: str) -> tuple[Stop, ...]:
    """Cases that opened with one package have one route. What else an earlier version wrote into it is passed over."""
    return tuple(Stop(**{name: _frozen(one[name]) for name in _STOP}) for one in orjson.loads(written))


def _frozen(value: Any) -> Any:
    return tuple(value) if value.__class__ is list else value
