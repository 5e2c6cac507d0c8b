"""An occasion: something about a case that somebody has to be told, at one place (hop, round, branch) of its way.

It outlives the telling: while nobody is there to hear it, it is kept and tried again; when the place is left it has
ended, and a reminder of it that comes late is dropped.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from shared.contracts.clue import ClueReported
from shared.contracts.deadline import DeadlinePassed
from shared.contracts.envelope import event_id
from shared.contracts.stage import StageAdvanced
from shared.contracts.types import Hop, Level
from shared.domain.division import is_village_open

State = Literal["told", "stand_in", "kept", "moved", "ended"]
"""`told`: done with. `stand_in`, `kept`: tried again. `moved`: the task went to another office. `ended`: place left."""

CLOSED = "closed"
"""The step under which the end of a whole case is remembered; nobody is told of it."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """`not_to` has just handed the task over and is not told. `cause` says why it is tried again at `retry_at`.
    `case_id` of one that is of no case yet is its report's.

    `step` is what has happened; `hop_step` the step of the hop (`visit`, `review`, …); `about` tells apart several
    occasions of one step at one place: the hop's step, the deadline, or each time that a task changes hands.
    """

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
    hop_step: str | None = None
    about: str | None = None
    is_green: bool = False

    @property
    def place(self) -> tuple[str | None, int, str]:
        return self.hop, self.round, self.branch

    def is_at_task_of(self, other: "Occasion") -> bool:
        """Of the same task; where one is from before its task was open, of the same place and limit."""
        if self.task_id is not None and other.task_id is not None:
            return self.task_id == other.task_id
        return self.place == other.place and self.due_at == other.due_at

    @property
    def is_of_a_grid(self) -> bool:
        """The first look of a grid's household, not yet handed to its village; of no known village it is none's."""
        return self.hop == "village_group" and self.office != self.region and not is_village_open(self.region)


def occasion_id(case_id: UUID, step: str, hop: str | None, round_: int, branch: str, about: str | None = None) -> UUID:
    return event_id(str(case_id), "occasion", step, hop or "", round_, branch, *filter(None, (about,)))


def of_stage(event: StageAdvanced, step: str, now: datetime) -> Occasion:
    """What a stage says, before anybody has been found for it."""
    data = event.data
    about = data.step if step != "reassigned" else f"{data.step} {event.id}"
    return Occasion(
        occasion_id=occasion_id(data.case_id, step, data.hop, data.round, data.branch, about),
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
        hop_step=data.step,
        about=about,
        is_green=data.is_green,
    )


OF_MATCHING = frozenset({"unmatched", "match_overdue"})
"""The steps of whoever reported and is in no register: of no case, and of no hop."""


def of_unmatched(event: ClueReported, within: timedelta, now: datetime) -> Occasion:
    """Somebody must say whose it is, `within` so long from the report; told to the county, and to its village."""
    data = event.data
    step = "match_overdue" if data.reason_code == "match_overdue" else "unmatched"
    about = data.reported_at.isoformat()
    return Occasion(
        occasion_id=occasion_id(data.clue_id, step, None, 1, "main", about),
        case_id=data.clue_id,
        household_id=data.household_id,
        step=step,
        hop=None,
        round=1,
        branch="main",
        office=event.region[:6],
        task_id=None,
        level=data.level or "orange",
        concerns=(),
        due_at=data.reported_at + within,
        not_to=None,
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
        about=f"{data.clue_id} {about}",
        is_green=data.is_green,
    )


def of_deadline(event: DeadlinePassed, known: Occasion | None, not_to: str | None, now: datetime) -> Occasion:
    """What an alarm says, before anybody has been found for it. `known` is what the case was told of this place."""
    data, about = event.data, str(event.data.deadline_id)
    return Occasion(
        occasion_id=occasion_id(data.case_id, data.step, data.hop, data.round, data.branch, about),
        case_id=data.case_id,
        household_id=data.household_id,
        step=data.step,
        hop=data.hop,
        round=data.round,
        branch=data.branch,
        office=data.office,
        task_id=data.task_id,
        level=data.level,
        concerns=known.concerns if known else (),
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
        hop_step=known.hop_step if known else None,
        about=about,
        is_green=known.is_green if known else False,
    )


def of_unread(told: Occasion, not_to: str, now: datetime) -> Occasion:
    """A red notice of this occasion that its receiver has not read: the next person is to hear it.

    Once a task: that its reminder was not read either tells nobody anything new.
    """
    return replace(
        told,
        occasion_id=occasion_id(told.case_id, "unread", told.hop, told.round, told.branch, told.hop_step),
        step="unread",
        about=told.hop_step,
        not_to=not_to,
        state="told",
        cause=None,
        retry_at=None,
        tries=0,
        tried_at=now,
        created_at=now,
    )
