"""An occasion: something about a case that somebody has to be told, at one place (hop, round, branch) of its way.

It outlives the telling: while nobody is there to hear it, it is kept and tried again; when the place is left it has
ended, and a reminder of it that comes late is dropped.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.deadline import DeadlinePassed
from shared.contracts.envelope import event_id
from shared.contracts.stage import StageAdvanced
from shared.contracts.types import Hop, Level

State = Literal["told", "stand_in", "kept", "moved", "ended"]
"""`told`: done with. `stand_in`, `kept`: tried again. `moved`: the task went to another office. `ended`: place left."""

CLOSED = "closed"
"""The step under which the end of a whole case is remembered; nobody is told of it."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """`not_to` has just handed the task over and is not told. `cause` says why it is tried again at `retry_at`."""

    occasion_id: UUID
    case_id: UUID
    household_id: UUID
    step: str
    hop: Hop | None
    round: int
    branch: str
    office: str
    task_id: UUID | None
    level: Level
    concerns: tuple[str, ...]
    due_at: datetime | None
    not_to: str | None
    state: State
    cause: str | None
    retry_at: datetime | None
    tries: int
    tried_at: datetime
    created_at: datetime
    cause_id: UUID
    correlation_id: UUID
    region: str
    grid: str | None

    @property
    def place(self) -> tuple[str | None, int, str]:
        return self.hop, self.round, self.branch

    @property
    def is_of_a_grid(self) -> bool:
        """The first look of a grid's household, not yet handed to its village."""
        return self.hop == "village_group" and self.office != self.region


def occasion_id(case_id: UUID, step: str, hop: str | None, round_: int, branch: str) -> UUID:
    return event_id(str(case_id), "occasion", step, hop or "", round_, branch)


def of_stage(event: StageAdvanced, step: str, now: datetime) -> Occasion:
    """What a stage says, before anybody has been found for it."""
    data = event.data
    return Occasion(
        occasion_id=occasion_id(data.case_id, step, data.hop, data.round, data.branch),
        case_id=data.case_id,
        household_id=data.household_id,
        step=step,
        hop=data.hop,
        round=data.round,
        branch=data.branch,
        office=data.office or event.region,
        task_id=data.task_id,
        level=data.level,
        concerns=data.concerns,
        due_at=data.due_at,
        not_to=data.actor.officer_id,
        state="ended" if step == CLOSED else "told",
        cause=None,
        retry_at=None,
        tries=0,
        tried_at=now,
        created_at=now,
        cause_id=event.id,
        correlation_id=event.correlationid,
        region=event.region,
        grid=event.grid,
    )


def of_deadline(event: DeadlinePassed, not_to: str | None, now: datetime) -> Occasion:
    """What an alarm says, before anybody has been found for it."""
    data = event.data
    return Occasion(
        occasion_id=occasion_id(data.case_id, data.step, data.hop, data.round, data.branch),
        case_id=data.case_id,
        household_id=data.household_id,
        step=data.step,
        hop=data.hop,
        round=data.round,
        branch=data.branch,
        office=data.office,
        task_id=data.task_id,
        level=data.level,
        concerns=(),
        due_at=data.due_at,
        not_to=not_to,
        state="told",
        cause=None,
        retry_at=None,
        tries=0,
        tried_at=now,
        created_at=now,
        cause_id=event.id,
        correlation_id=event.correlationid,
        region=event.region,
        grid=event.grid,
    )
