"""The alarm: tells each step of a deadline once, in order, by the database's civil clock, from any number of processes.

Due deadlines are read without a lock and then pass the unit of work like every other input: under the household's key
they are read again, and one that another alarm has told, or whose round has ended, says nothing. Lateness moves here
and nowhere else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from services.workflow import deadline as deadlines
from services.workflow import supervision
from services.workflow.case import CaseFile, read_files, write_files
from services.workflow.decided import resumed
from services.workflow.history import Step
from services.workflow.rows import packed
from services.workflow.stage import Because, told
from services.workflow.supervision import Supervision, supervisor_of
from shared.contracts.deadline import LadderStep, Passed
from shared.contracts.envelope import event_id
from shared.messaging.batch import Report
from shared.messaging.faults import Retry
from shared.messaging.room import REJECTED, Decided, Decision, Emit, Input, Keyed, State, Unit
from shared.messaging.unit_of_work import UnitOfWork
from shared.policy import available, load
from shared.postgres import queries, session
from shared.service import Service

SQL = queries(__file__)

DEADLINE = "deadline"
PERIOD_SECONDS = 1.0
BATCH_MAX = 200
"""Deadlines a transaction: their households are locked meanwhile, for some 50 ms."""
HANDS = 2
"""Batches at once: while PostgreSQL writes the one, the other is decided; 20,000 took 4.8 s of CPU on both sides."""
PUT_OFF = timedelta(minutes=5)
"""A deadline that fails is tried again then; nobody else's waits for it."""


@dataclass(frozen=True, slots=True)
class Ring:
    """A deadline that is due, with its place and case as they are under the lock."""

    deadline_id: UUID
    place_id: UUID
    case_id: UUID
    household_id: UUID
    hop: Any
    round: int
    branch: str
    state: str
    sent_at: datetime
    due_at: datetime
    fired: tuple[str, ...]
    wake_at: datetime | None
    region: str
    grid: str | None
    place_state: str
    place_step: str
    office: str
    level: Any
    task_id: UUID | None
    cause_id: UUID
    correlation_id: UUID
    policy: str

    @property
    def supervisor(self) -> str:
        return supervisor_of(self.hop, self.region)


@dataclass(frozen=True, slots=True)
class Fired:
    """What is written of a deadline that rang: what has been told, and when the alarm looks next."""

    deadline_id: UUID
    place_id: UUID
    state: str
    fired: tuple[str, ...]
    wake_at: datetime | None
    lateness: str


@dataclass(frozen=True, slots=True)
class Late:
    """A deadline that failed, put off with its error."""

    deadline_id: UUID
    wake_at: datetime
    error: str


class Alarm(Keyed):
    """A due deadline's way through the unit of work."""

    topic = DEADLINE

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        rows = await unit.connection.fetch(SQL.read, [input.body for input in inputs])
        paused = {row["household_id"] for row in rows if row["state"] == "paused"}
        files = await read_files(unit.connection, paused)
        state: State = {("before",): tuple(files.values())}
        state.update((("file", household), file) for household, file in files.items())
        for row in rows:
            state[("deadline", row["deadline_id"])] = Ring(**dict(row) | {"fired": tuple(row["fired"])})
        return state

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        ring: Ring | None = state.get(("deadline", input.body))
        if ring is None or ring.place_state not in ("on_its_way", "open"):
            return Decision(word="stale")
        match ring.state:
            case "running":
                return _told(ring, now)
            case "paused" if ring.wake_at is not None and ring.wake_at <= now:
                return _runs_again(ring, state[("file", ring.household_id)])
            case _:
                return Decision(word="stale")

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        rows = [row for one in decided for row in one.decision.rows]
        fired = [row for row in rows if isinstance(row, Fired)]
        late = [row for row in rows if isinstance(row, Late)]
        supervised = [row for row in rows if isinstance(row, Supervision)]
        if fired:
            written = packed(fired)
            await unit.connection.execute(SQL.write_fired, written)
            await unit.connection.execute(SQL.move_lateness, written)
        if late:
            await unit.connection.execute(SQL.put_off, packed(late))
        if supervised:
            await supervision.add(unit.connection, supervised)
        # Appends the steps too; of the files only those are written whose pause is over.
        await write_files(unit.connection, state[("before",)], decided)

    def give_up(self, input: Input, cause: str, now: datetime) -> Decision:
        """Put off with its error; the loop alarms."""
        return Decision(outcome=REJECTED, word="put_off", rows=(Late(input.body, now + PUT_OFF, cause[:300]),))


def _runs_again(ring: Ring, file: CaseFile) -> Decision:
    """A pause is over: the clocks run on from its last moment, however late the alarm got round to it."""
    place = file.place(ring.place_id)
    assert place.paused_until is not None, "the place is paused"
    because = Because(place.cause_id, place.paused_until, action="resume", about=("pause", file.case.pauses))
    after = resumed(file, place, because)
    there = after.place(ring.place_id)
    move = told("resumed", after, there, because, task=after.task_of(there))
    return Decision(
        word="resumed", puts={("file", ring.household_id): move.file}, emits=move.emits, rows=(move.file, *move.steps)
    )


def _told(ring: Ring, now: datetime) -> Decision:
    """All steps that are due by now, in order; when the alarm looks next; and a supervision once it comes to that."""
    ladder = load(ring.policy).ladder
    due = [one for one in deadlines.unfired(ring.fired, ring.sent_at, ring.due_at, ladder) if one[1] <= now]
    if not due:
        return Decision(word="not_yet")
    fired = (*ring.fired, *(rung.step for rung, _ in due))
    wake_at = deadlines.wake_at(fired, ring.sent_at, ring.due_at, ladder)
    lateness = due[-1][0].lateness
    row = Fired(ring.deadline_id, ring.place_id, "running" if wake_at else "done", fired, wake_at, lateness)
    emits = [_emit(ring, rung.step, at) for rung, at in due]
    steps = [_step(ring, emit, at) for emit, (_, at) in zip(emits, due, strict=True)]
    opened = [
        _supervision(ring, emit, at) for emit, (rung, at) in zip(emits, due, strict=True) if rung.step == "supervised"
    ]
    return Decision(word=due[-1][0].step, emits=emits, rows=(row, *steps, *opened))


def _emit(ring: Ring, step: LadderStep, fired_at: datetime) -> Emit:
    """Stamped with the step's own due instant, however late the alarm got round to it."""
    type_ = f"shouwang.deadline.{step}.v1"
    data = Passed(
        deadline_id=ring.deadline_id,
        case_id=ring.case_id,
        household_id=ring.household_id,
        hop=ring.hop,
        round=ring.round,
        branch=ring.branch,
        office=ring.office,
        supervisor=ring.supervisor,
        task_id=ring.task_id,
        level=ring.level,
        step=step,
        due_at=ring.due_at,
        fired_at=fired_at,
    )
    return Emit(
        topic="deadline.passed",
        type=type_,
        key=str(ring.household_id),
        id=event_id(str(ring.deadline_id), type_),
        region=ring.region,
        data=data,
        correlation_id=ring.correlation_id,
        causation_id=ring.cause_id,
        grid=ring.grid,
        time=fired_at,
    )


def _step(ring: Ring, emit: Emit, fired_at: datetime) -> Step:
    return Step(
        event_id=emit.id,
        cause_id=emit.causation_id,
        case_id=ring.case_id,
        household_id=ring.household_id,
        at=fired_at,
        type=emit.type,
        region=ring.region,
        grid=ring.grid,
        hop=ring.hop,
        step=ring.place_step,
        round=ring.round,
        branch=ring.branch,
        office=ring.office,
        level=ring.level,
        due_at=ring.due_at,
        task_id=ring.task_id,
    )


def _supervision(ring: Ring, emit: Emit, at: datetime) -> Supervision:
    return Supervision(
        supervision_id=supervision.supervision_id(ring.deadline_id),
        place_id=ring.place_id,
        case_id=ring.case_id,
        household_id=ring.household_id,
        hop=ring.hop,
        step=ring.place_step,
        round=ring.round,
        branch=ring.branch,
        office=ring.office,
        supervisor=ring.supervisor,
        level=ring.level,
        state="open",
        due_at=ring.due_at,
        opened_at=at,
        answered_by=(),
        closed_at=None,
        closed_by=None,
        cause_id=emit.id,
        region=ring.region,
        grid=ring.grid,
    )


# ── the auditor ─────────────────────────────────────────────────────────────────────────────────────────────────


async def untold(connection: asyncpg.Connection | asyncpg.Pool) -> list[dict[str, Any]]:
    """The auditor's question, asked of due instants and ladders and not of the alarm's own plan: what was due and has
    not been told. To be empty but for the last seconds. At most 200, the oldest first."""
    rows = await connection.fetch(SQL.unfired, packed(_ladders()))
    return [dict(row) for row in rows]


def _ladders() -> list[dict[str, object]]:
    return [
        {"policy": name, "step": rung.step, "days": rung.after_days.value}
        for name in available()
        for rung in load(name).ladder
    ]


# ── the loop ────────────────────────────────────────────────────────────────────────────────────────────────────


async def ring(*works: UnitOfWork) -> tuple[int, int]:
    """One round: at most 200 due deadlines a hand. Returns how many were due and how many failed. Raises Retry."""
    async with session(works[0].pool) as connection, connection.transaction():
        # Deadlines fall due together at midnight: a plan from older statistics would sort them all for each batch.
        await connection.execute("SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        now = await connection.fetchval("SELECT civil.now()")
        rows = await connection.fetch(SQL.due, now, BATCH_MAX * len(works))
    inputs = [
        Input(DEADLINE, str(row["household_id"]), None, row["deadline_id"], region=row["region"], type=DEADLINE)
        for row in rows
    ]
    parts = [inputs[start : start + BATCH_MAX] for start in range(0, len(inputs), BATCH_MAX)]
    hands = [work.process(part) for work, part in zip(works, parts, strict=False)]
    reports = await asyncio.gather(*hands, return_exceptions=True)
    for report in reports:
        if isinstance(report, BaseException):
            raise report
    return len(rows), sum(len(report.failed) for report in reports if isinstance(report, Report))


def loop(service: Service) -> Callable[[], Awaitable[None]]:
    """The service's loop: once a second, at once again while a whole batch was due."""
    works = [service.calls([Alarm()], as_worker=True) for _ in range(HANDS)]

    async def once() -> None:
        try:
            due, failed = await ring(*works)
        except Retry:
            if any(work.stopped for work in works):
                service.alarm("deadlines_stopped")
            return  # the unit of work has backed off already
        if failed:
            service.alarm("deadline_failed")
        if due < BATCH_MAX * HANDS:
            await asyncio.sleep(PERIOD_SECONDS)

    return once
