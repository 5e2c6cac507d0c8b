"""The clock of matching: whoever declared, or is behind something red, and is in no register is matched by a person
within the package's hours; else the county and the village are alarmed, once.

Read without a lock, then told under the county's own key, so that any number of processes tells it once. A person's
"not ours" ends the clock.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg

from services.intake.clue import UNMATCHED, office_key
from services.intake.put_off import PUT_OFF, PutOff, save_put_off
from shared.contracts.clue import Clue
from shared.contracts.envelope import event_id
from shared.contracts.types import Level
from shared.messaging.faults import Retry
from shared.messaging.room import DUPLICATE, REJECTED, Decided, Decision, Emit, Input, Keyed, State, Unit
from shared.messaging.unit_of_work import UnitOfWork
from shared.policy import Policy
from shared.postgres import queries
from shared.service import Loop, Service

SQL = queries(__file__)

OVERDUE = "identity.overdue"
REASON = "match_overdue"
"""Told once more of somebody unmatched: the hours are over."""
PERIOD_SECONDS = 5.0
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Waits:
    """Who has waited too long: by a report, or (`clue_id` None) behind a parked record."""

    subject: str
    since: datetime
    clue_id: UUID | None
    household_id: UUID | None
    cause: Literal["declaration", "clue"]
    channel: str
    concerns: tuple[str, ...]
    level: Level | None
    is_green: bool
    role: str
    region: str

    @property
    def key(self) -> str:
        return office_key(self.region)


def matched_within(policy: Policy) -> timedelta:
    """How long whoever declared, or is behind something red, may wait for a person's match."""
    return timedelta(hours=int(policy.value("identity.matched").value))


class Overdue(Keyed):
    """One that has waited too long, told once."""

    topic = OVERDUE

    async def load(self, unit: Unit, inputs: Sequence[Input]) -> State:
        asked: list[Waits] = [one.body for one in inputs]
        rows = await unit.connection.fetch(
            SQL.alarmed, [one.subject for one in asked], [one.since for one in asked]
        )  # fmt: skip
        return {("alarmed", row["subject"], row["since"]): True for row in rows}

    def decide(self, state: State, input: Input, now: datetime) -> Decision:
        waits: Waits = input.body
        name = ("alarmed", waits.subject, waits.since)
        if state.get(name):
            return Decision(DUPLICATE, "alarmed_already")
        return Decision(word="alarmed", puts={name: True}, emits=(_emit(waits),), rows=(waits,))

    async def save(self, unit: Unit, state: State, decided: Sequence[Decided]) -> None:
        rows = [row for one in decided for row in one.decision.rows if isinstance(row, Waits)]
        if rows:
            await unit.connection.execute(
                SQL.alarm, [one.subject for one in rows], [one.since for one in rows], unit.now,
                [one.region for one in rows],
            )  # fmt: skip
        await save_put_off(unit.connection, decided)

    def give_up(self, input: Input, cause: str, now: datetime) -> Decision:
        """Put off; the loop alarms. It is first on the county's list meanwhile."""
        return Decision(REJECTED, "put_off", rows=(PutOff(input.body.subject, now + PUT_OFF),))


def _emit(waits: Waits) -> Emit:
    """To the county's key, as when it was first told. A record names no household: it gets an id that nobody has."""
    clue_id = waits.clue_id or event_id(waits.subject, "clue", waits.since.isoformat())
    clue = Clue(
        clue_id=clue_id, household_id=waits.household_id or event_id(waits.subject, "household"), is_matched=False,
        cause=waits.cause, channel=waits.channel, concerns=waits.concerns, level=waits.level, is_green=waits.is_green,
        reported_at=waits.since, reported_by_role=waits.role, reason_code=REASON,
    )  # fmt: skip
    id_ = event_id(waits.subject, UNMATCHED, REASON, waits.since.isoformat())
    return Emit("clue.reported", UNMATCHED, waits.key, id_, waits.region, clue)


async def overdue(connection: asyncpg.Pool | asyncpg.Connection, within: timedelta) -> list[Waits]:
    """At most 200 that have waited longer and were not told of yet, the longest first."""
    return [_waits(row) for row in await connection.fetch(SQL.overdue, within, AT_ONCE)]


def _waits(row: Any) -> Waits:
    return Waits(**dict(row) | {"concerns": tuple(row["concerns"])})


async def alarm_once(service: Service, work: UnitOfWork, within: timedelta) -> int:
    """One round; how many had waited too long, told of now or by another process a moment ago. Raises Retry."""
    late = await overdue(service.worker, within)
    if not late:
        return 0
    report = await work.process([Input(OVERDUE, one.key, None, one, region=one.region, type=OVERDUE) for one in late])
    for _ in range(report.words.get("alarmed", 0)):
        service.alarm(REASON)
    if report.failed:
        service.alarm("overdue_failed")
    return len(late)


def alarming(service: Service, policy: Policy) -> Loop:
    """The service's loop, every five seconds."""
    work, within = service.calls([Overdue()], as_worker=True), matched_within(policy)

    async def loop() -> None:
        try:
            late = await alarm_once(service, work, within)
        except Retry:
            if work.stopped:
                service.alarm("matching_stopped")
            return  # the unit of work has backed off already
        if late < AT_ONCE:
            await asyncio.sleep(PERIOD_SECONDS)

    return loop
