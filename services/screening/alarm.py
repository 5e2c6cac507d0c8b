"""The alarm: judges a household again on the day on which time alone may change what is said of it.

Out of a window, a cool-down over, a limit reached by waiting. Due rows are read without a lock and then pass the unit
of work like every other input: under the household's key they are read again, and one that another process told says
nothing. What was missed while nothing ran rings at once. The day is the database's civil one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from services.screening import recheck
from services.screening.judging import NewDay, day_of, judged
from services.screening.recheck import Recheck
from services.screening.subscribers.digests import digest_of, loaded, write_rows
from shared.contracts.envelope import event_id
from shared.messaging.batch import Report
from shared.messaging.faults import Retry
from shared.messaging.room import REJECTED, Decided, Decision, Input, Keyed, State, Unit
from shared.messaging.unit_of_work import UnitOfWork
from shared.policy import Policy
from shared.postgres import session
from shared.service import Service

RECHECK = "recheck"
PERIOD_SECONDS = 1.0
BATCH_MAX = 500
"""Households a transaction; at midnight many come together, and their records wait meanwhile."""
PUT_OFF = timedelta(minutes=5)
"""A household that fails is tried again then; nobody else's waits for it."""


@dataclass(frozen=True, slots=True)
class Late:
    """A household that failed, put off with its error."""

    household_id: UUID
    wake_at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Alarm(Keyed):
    """A due day's way through the unit of work."""

    policy: Policy
    topic: str = RECHECK

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        state = loaded(unit, inputs)
        rows = await unit.connection.fetch(recheck.SQL.read, [UUID(input.key) for input in inputs], unit.now)
        state.update((("due", str(row["household_id"])), row) for row in rows)
        return state

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        row: Any = state.get(("due", input.key))
        if row is None:
            return Decision(word="stale")
        home, digest = digest_of(state, input)
        id_ = event_id(input.key, RECHECK, day_of(now))
        day = NewDay(id_, row["event_id"], now, row["event_id"] or id_, row["region"], row["grid"])
        decision = judged(digest, home, day, self.policy, now)
        if any(isinstance(one, Recheck) and str(one.household_id) == input.key for one in decision.rows):
            return decision
        # The row itself moves on in any case: also that of a household which was merged into another one.
        next_on = digest.recheck_on if home == input.key else None
        return msgspec.structs.replace(
            decision, rows=(*decision.rows, Recheck(UUID(input.key), next_on, row["region"], row["grid"]))
        )

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        await write_rows(unit.connection, decided)
        late = [row for one in decided for row in one.decision.rows if isinstance(row, Late)]
        if late:
            await unit.connection.execute(
                recheck.SQL.put_off,
                [one.household_id for one in late],
                [one.wake_at for one in late],
                [one.error for one in late],
            )

    def give_up(self, input: Input, cause: str, now: datetime) -> Decision:
        """Put off with its error; the loop alarms."""
        return Decision(outcome=REJECTED, word="put_off", rows=(Late(UUID(input.key), now + PUT_OFF, cause[:300]),))


# ── the loop ────────────────────────────────────────────────────────────────────────────────────────────────────


async def ring(work: UnitOfWork) -> tuple[int, int]:
    """One round: at most a batch of due households. Returns how many were due and how many failed. Raises Retry."""
    async with session(work.pool) as connection:
        rows = await connection.fetch(recheck.SQL.due, BATCH_MAX)
    if not rows:
        return 0, 0
    report: Report = await work.process(
        [Input(RECHECK, str(row["household_id"]), None, None, region=row["region"], type=RECHECK) for row in rows]
    )
    return len(rows), len(report.failed)


def loop(service: Service, policy: Policy) -> Callable[[], Awaitable[None]]:
    """The service's loop: once a second, at once again while a whole batch was due."""
    work = service.calls([Alarm(policy)], as_worker=True)

    async def once() -> None:
        try:
            due, failed = await ring(work)
        except Retry:
            if work.stopped:
                service.alarm("rechecks_stopped")
            return  # the unit of work has backed off already
        if failed:
            service.alarm("recheck_failed")
        if due < BATCH_MAX:
            await asyncio.sleep(PERIOD_SECONDS)

    return once
