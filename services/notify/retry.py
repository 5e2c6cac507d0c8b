"""Tried again: occasions that have not reached whom they are meant for, at their `retry_at` or when a post changes.

Read without a lock, then through the unit of work like every other input: under the household's key each is read again,
so that any number of processes tells it once. Whoever nobody hears is alarmed about at every try.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.notify import telling
from services.notify.audience import offices_above
from services.notify.case_file import occasion, read_files, write_files
from services.notify.hearing import Hearing
from services.notify.occasion import Occasion
from services.notify.telling import CaseFile
from shared.messaging.batch import Report
from shared.messaging.faults import Retry
from shared.messaging.room import DUPLICATE, REJECTED, Decided, Decision, Input, Keyed, State, Unit
from shared.messaging.unit_of_work import UnitOfWork
from shared.postgres import queries, session
from shared.service import Service

SQL = queries(__file__)

KEPT = "kept notice"
PERIOD_SECONDS = 1.0
BATCH_MAX = 500
PUT_OFF = timedelta(minutes=5)
"""An occasion that we fail on is tried again then; nobody else's waits for it."""


@dataclass(frozen=True, slots=True)
class PutOff:
    occasion_id: UUID
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class Kept(Keyed):
    """One such occasion's way through the unit of work; its input's body is its id."""

    hearing: Hearing
    topic = KEPT

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        rows = await unit.connection.fetch(SQL.read, [input.body for input in inputs])
        found = [occasion(row) for row in rows]
        files = await read_files(unit.connection, (one.case_id for one in found))
        places = {place for one in found for place in offices_above(one.region, one.office)}
        return {
            "around": await self.hearing.read_around(unit.connection, places, unit.now),
            **{("occasion", one.occasion_id): one for one in found},
            **{("case", case_id): file for case_id, file in files.items()},
        }

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        loaded: Occasion | None = state.get(("occasion", input.body))
        file: CaseFile = state[("case", loaded.case_id)] if loaded else CaseFile()
        kept = file.occasions.get(input.body)
        if kept is None or kept.retry_at is None:
            return Decision(outcome=DUPLICATE, word="told_already")
        roll, reach = state["around"]
        return telling.tell(file, kept, roll, reach, now)

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_files(unit.connection, decided)
        put_off = [row for one in decided for row in one.decision.rows if isinstance(row, PutOff)]
        if put_off:
            await unit.connection.execute(
                SQL.put_off, [one.occasion_id for one in put_off], [one.retry_at for one in put_off]
            )

    def give_up(self, input: Input, cause: str, now: datetime) -> Decision:
        return Decision(outcome=REJECTED, word="put_off", rows=(PutOff(input.body, now + PUT_OFF),))


# ── the loop ────────────────────────────────────────────────────────────────────────────────────────────────────


async def once(work: UnitOfWork) -> Report | None:
    """One round: at most 500 occasions; None when there were none. Raises Retry."""
    async with session(work.pool) as connection:
        rows = await connection.fetch(SQL.due, BATCH_MAX)
    if not rows:
        return None
    return await work.process(
        [
            Input(KEPT, str(row["household_id"]), None, row["occasion_id"], region=row["region"], type=KEPT)
            for row in rows
        ]
    )


def loop(service: Service, hearing: Hearing) -> Callable[[], Awaitable[None]]:
    """The service's loop, once a second."""
    work = service.calls([Kept(hearing)], as_worker=True)

    async def round_() -> None:
        try:
            report = await once(work)
        except Retry:
            if work.stopped:
                service.alarm("notices_stopped")
            return  # the unit of work has backed off already
        if report is not None and report.words.get("kept"):
            service.alarm("notice_without_audience")
        if report is not None and report.failed:
            service.alarm("notice_failed")
        await asyncio.sleep(PERIOD_SECONDS)

    return round_
