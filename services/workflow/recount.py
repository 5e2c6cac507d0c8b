"""A year's holidays are announced: limits in working days that reach into it from before are counted again.

Until then their days were weekdays, shown as provisional. Done when a process starts and every hour,
for the newest year that the calendar knows; what was counted again already, or was moved by a pause or a shortage of
days, is left as it is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from msgspec.structs import replace

from services.workflow import deadline as deadlines
from services.workflow.case import Case, CaseFile, Move, Place, read_files, write_files
from services.workflow.route import counted_from
from services.workflow.stage import Because, told
from shared.domain.calendar import ANNOUNCED, due_before_announced, start_of
from shared.messaging.faults import Retry
from shared.messaging.room import Decided, Decision, Input, Keyed, State, Unit
from shared.messaging.unit_of_work import UnitOfWork
from shared.policy import Limit, Policy, load
from shared.postgres import queries, session
from shared.service import Service

SQL = queries(__file__)

CALENDAR = "calendar"
BATCH_MAX = 200
PERIOD_SECONDS = 3600.0


def newest_year() -> int:
    return ANNOUNCED[-1]


def recounted(file: CaseFile, policy: Policy, year: int, now: datetime) -> Move | None:
    """The case with the limits counted again that rested on weekdays of this year; None where nothing moves."""
    move = Move(file, word="recounted")
    for place in file.live:
        due, deadline = _moved(file.case, place, policy, year), file.deadline_of(place)
        if due is None or deadline is None:
            continue
        wake_at = deadlines.wake_at(deadline.fired, deadline.sent_at, due, policy.ladder)
        move = replace(move, file=move.file.put(replace(deadline, due_at=due, wake_at=wake_at)))
        because = Because(place.cause_id, now, action="recounted", about=(CALENDAR, year), is_aside=True)
        there = replace(place, due_at=due)
        move = move.then(told("noted", move.file, there, because, task=file.task_of(place)))
    return move if move.steps else None


def _moved(case: Case, place: Place, policy: Policy, year: int) -> datetime | None:
    if place.state not in ("on_its_way", "open") or place.paused_at is not None:
        return None
    start, limit = _counted_from(case, place, policy)
    if limit.unit != "working_days" or place.due_at != due_before_announced(start, limit.amount, year):
        return None
    due = limit.due(start)
    return due if due != place.due_at else None


def _counted_from(case: Case, place: Place, policy: Policy) -> tuple[datetime, Limit]:
    declared_at = case.declared_at if place.is_main and place.round == 1 else None
    return counted_from(policy, place.hop, place.step, place.level, place.sent_at, declared_at)


@dataclass(frozen=True, slots=True)
class Recounting(Keyed):
    """One household's open case, under its key."""

    topic: str = CALENDAR

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        files = await read_files(unit.connection, [input.body for input in inputs])
        return {("before",): tuple(files.values()), **{("case", key): file for key, file in files.items()}}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        file: CaseFile | None = state.get(("case", input.body))
        move = recounted(file, load(file.case.policy), newest_year(), now) if file else None
        if move is None:
            return Decision(word="stands")
        return Decision(word=move.word, emits=move.emits, rows=(move.file, *move.steps))

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_files(unit.connection, state[("before",)], decided)


async def recount(work: UnitOfWork) -> int:
    """Every case with a limit that reaches into the newest year from before it. Returns how many were looked at. Raises
    Retry."""
    first = start_of(date(newest_year(), 1, 1))
    looked_at, after = 0, UUID(int=0)
    while True:
        async with session(work.pool) as connection, connection.transaction():
            rows = await connection.fetch(SQL.reaching, first, after, BATCH_MAX)
        if not rows:
            return looked_at
        await work.process(
            [
                Input(CALENDAR, str(row["household_id"]), None, row["household_id"], row["region"], CALENDAR)
                for row in rows
            ]
        )
        looked_at, after = looked_at + len(rows), rows[-1]["household_id"]


def recounts(service: Service) -> Callable[[], Awaitable[None]]:
    """The service's loop. Two processes at once do it once: whoever comes second finds nothing to move."""
    work = service.calls([Recounting()], as_worker=True)

    async def once() -> None:
        try:
            await recount(work)
        except Retry:
            if work.stopped:
                service.alarm("calendar_stopped")
            return  # the unit of work has backed off already
        await asyncio.sleep(PERIOD_SECONDS)

    return once
